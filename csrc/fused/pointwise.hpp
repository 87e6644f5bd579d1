#pragma once

#include <cstddef>
#include <type_traits>

#include "always_inline.hpp"
#include "bfloat16.hpp"
#include "jobs.hpp"

namespace sonolucent::fused {

template <Precision precision, class V>
ALWAYS_INLINE V add_products(V weights, V pixels, V sums) {
  if constexpr (precision == Precision::kBfloat16)
    return dot_pairs(weights, pixels, sums);
  else
    return multiply_add(weights, pixels, sums);
}

// One tile of the pointwise convolution: P vectors of pixels times V::kTileChannels output channels, written to out[p]
// (channels `out_stride` apart) and added to the channels' running sums.
template <class V, Precision precision, int P>
ALWAYS_INLINE void pointwise_tile(const float* in, std::ptrdiff_t in_stride, int lanes_in, const float* weights,
                                  float* const* out, std::ptrdiff_t out_stride, float* lane_sums) {
  constexpr int C = V::kTileChannels;
  V sums[C][P];
#pragma GCC unroll 8
  for (int c = 0; c < C; ++c)
#pragma GCC unroll 4
    for (int p = 0; p < P; ++p) sums[c][p] = V::broadcast(0);
  for (int k = 0; k < lanes_in; ++k, in += in_stride, weights += C) {
    V pixels[P];
#pragma GCC unroll 4
    for (int p = 0; p < P; ++p) pixels[p] = V::load(in + p * V::kWidth);
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) {
      const V weight = V::broadcast(weights[c]);
#pragma GCC unroll 4
      for (int p = 0; p < P; ++p) sums[c][p] = add_products<precision>(weight, pixels[p], sums[c][p]);
    }
  }
#pragma GCC unroll 8
  for (int c = 0; c < C; ++c, lane_sums += 2 * V::kWidth) {
    V sum = sums[c][0], squares = sum * sum;
    sums[c][0].store(out[0] + c * out_stride);
#pragma GCC unroll 4
    for (int p = 1; p < P; ++p) {
      sums[c][p].store(out[p] + c * out_stride);
      sum = sum + sums[c][p];
      squares = multiply_add(sums[c][p], sums[c][p], squares);
    }
    // Last, so that one tile waits for the memory of the one before by a single addition.
    (V::load(lane_sums) + sum).store(lane_sums);
    (V::load(lane_sums + V::kWidth) + squares).store(lane_sums + V::kWidth);
  }
}

// All output channels of `n` vectors of pixels, which lie side by side in `in`, [lanes of c_in][n]; out[p] is where
// each goes.
template <class V, Precision precision>
ALWAYS_INLINE void pointwise(const float* in, int n, int lanes_in, const float* weights, int c_out, float* const* out,
                             std::ptrdiff_t out_stride, float* lane_sums) {
  constexpr int C = V::kTileChannels;
  const std::ptrdiff_t in_stride = static_cast<std::ptrdiff_t>(n) * V::kWidth;
  for (int c = 0; c < c_out;
       c += C, weights += static_cast<std::ptrdiff_t>(C) * lanes_in, lane_sums += 2 * C * V::kWidth) {
    int p = 0;
    const auto tile = [&](auto vectors) {
      constexpr int P = decltype(vectors)::value;
      float* to[P];
      for (int i = 0; i < P; ++i) to[i] = out[p + i] + c * out_stride;
      pointwise_tile<V, precision, P>(in + p * V::kWidth, in_stride, lanes_in, weights, to, out_stride, lane_sums);
      p += P;
    };
    // Four as two and two: a tile of a single vector would wait for its own sums.
    while (n - p >= 3 && n - p != 4) tile(std::integral_constant<int, 3>{});
    while (n - p >= 2) tile(std::integral_constant<int, 2>{});
    if (n - p == 1) tile(std::integral_constant<int, 1>{});
  }
}

}  // namespace sonolucent::fused
