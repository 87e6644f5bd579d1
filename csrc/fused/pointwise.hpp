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

// Vectors of pixels that lie side by side, lane after lane of the input's channels.
struct PointwiseInput {
  const float* data;
  std::ptrdiff_t stride;  // floats from lane to lane
  int lanes;
};

// Where the output's channels go, and their running sums.
struct PointwiseOutput {
  float* const* vectors;  // of the first channel
  std::ptrdiff_t stride;  // floats from channel to channel
  float* lane_sums;       // [channel][sum, sum of squares][lane], added to
};

// One tile of the pointwise convolution: P vectors of pixels times V::kTileChannels output channels.
template <class V, Precision precision, int P>
ALWAYS_INLINE void pointwise_tile(PointwiseInput in, const float* weights, PointwiseOutput out) {
  constexpr int C = V::kTileChannels;
  V sums[C][P];
#pragma GCC unroll 8
  for (int c = 0; c < C; ++c)
#pragma GCC unroll 4
    for (int p = 0; p < P; ++p) sums[c][p] = V::broadcast(0);
  for (int k = 0; k < in.lanes; ++k, in.data += in.stride, weights += C) {
    V pixels[P];
#pragma GCC unroll 4
    for (int p = 0; p < P; ++p) pixels[p] = V::load(in.data + p * V::kWidth);
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) {
      const V weight = V::broadcast(weights[c]);
#pragma GCC unroll 4
      for (int p = 0; p < P; ++p) sums[c][p] = add_products<precision>(weight, pixels[p], sums[c][p]);
    }
  }
#pragma GCC unroll 8
  for (int c = 0; c < C; ++c, out.lane_sums += 2 * V::kWidth) {
    V sum = sums[c][0], squares = sum * sum;
    sums[c][0].store(out.vectors[0] + c * out.stride);
#pragma GCC unroll 4
    for (int p = 1; p < P; ++p) {
      sums[c][p].store(out.vectors[p] + c * out.stride);
      sum = sum + sums[c][p];
      squares = multiply_add(sums[c][p], sums[c][p], squares);
    }
    // Last, so that one tile waits for the memory of the one before by a single addition.
    (V::load(out.lane_sums) + sum).store(out.lane_sums);
    (V::load(out.lane_sums + V::kWidth) + squares).store(out.lane_sums + V::kWidth);
  }
}

// All `c_out` output channels of `n` vectors of pixels; the weights as a SeparableJob has them.
template <class V, Precision precision>
ALWAYS_INLINE void pointwise(PointwiseInput in, int n, const float* weights, int c_out, PointwiseOutput out) {
  constexpr int C = V::kTileChannels;
  for (int c = 0; c < c_out;
       c += C, weights += static_cast<std::ptrdiff_t>(C) * in.lanes, out.lane_sums += 2 * C * V::kWidth) {
    int p = 0;
    const auto tile = [&](auto vectors) {
      constexpr int P = decltype(vectors)::value;
      float* to[P];
      for (int i = 0; i < P; ++i) to[i] = out.vectors[p + i] + c * out.stride;
      pointwise_tile<V, precision, P>({in.data + p * V::kWidth, in.stride, in.lanes}, weights,
                                      {to, out.stride, out.lane_sums});
      p += P;
    };
    // Four as two and two: a tile of a single vector would wait for its own sums.
    while (n - p >= 3 && n - p != 4) tile(std::integral_constant<int, 3>{});
    while (n - p >= 2) tile(std::integral_constant<int, 2>{});
    if (n - p == 1) tile(std::integral_constant<int, 1>{});
  }
}

}  // namespace sonolucent::fused
