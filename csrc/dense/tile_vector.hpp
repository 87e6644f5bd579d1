#pragma once

#include <type_traits>

#include "fused/pointwise.hpp"
#include "packing.hpp"

namespace sonolucent::dense {

// What is computed at a time: pixels x.. of R rows, whose packed rows are `in`, from the one above on; each points to
// its first pixel.
template <int R>
struct Window {
  const float* in[R + 2];
  int y;
};

// A block of channels of one pixel.
template <class V>
using Block = V[kBlock / V::kWidth];

// Stores a block where its lanes are in the map.
template <class V, Precision stored>
ALWAYS_INLINE void put_block(const Block<V>& block, float* to) {
  constexpr int kVectors = kBlock / V::kWidth;
  if constexpr (stored == Precision::kFloat32) {
#pragma GCC unroll 4
    for (int i = 0; i < kVectors; ++i) store_anywhere(block[i], to + i * V::kWidth);
  } else if constexpr (kVectors == 1) {
    const V nothing = V::broadcast(0);
    alignas(64) float lanes[V::kWidth];
    pack_pairs(evens(block[0], nothing), odds(block[0], nothing)).store(lanes);
    __builtin_memcpy(to, lanes, sizeof(lanes) / 2);
  } else {
#pragma GCC unroll 4
    for (int i = 0; i < kVectors; i += 2)
      store_anywhere(pack_pairs(evens(block[i], block[i + 1]), odds(block[i], block[i + 1])), to + i / 2 * V::kWidth);
  }
}

// What blocks of the same channels add up to.
template <class V>
struct Sums {
  static constexpr int kVectors = kBlock / V::kWidth;
  V sum[kVectors], squares[kVectors];

  ALWAYS_INLINE Sums() {
#pragma GCC unroll 4
    for (int i = 0; i < kVectors; ++i) sum[i] = squares[i] = V::broadcast(0);
  }
  ALWAYS_INLINE void add(const Block<V>& block) {
#pragma GCC unroll 4
    for (int i = 0; i < kVectors; ++i) {
      sum[i] = sum[i] + block[i];
      squares[i] = multiply_add(block[i], block[i], squares[i]);
    }
  }
  ALWAYS_INLINE void keep(float* lane_sums, int channel, int channels) const {
#pragma GCC unroll 4
    for (int i = 0; i < kVectors; ++i) {
      float* const to = lane_sums + channel + i * V::kWidth;
      (V::load(to) + sum[i]).store(to);
      (V::load(to + channels) + squares[i]).store(to + channels);
    }
  }
};

// The convolution in vectors of output channels: a pixel's lane is multiplied with the weights of a block.
template <class V, Precision precision, Precision stored>
struct VectorTile {
  static constexpr int kVectors = kBlock / V::kWidth;
  static constexpr int kPixels = V::kWidth == 16 ? 8 : V::kWidth / 2;

  static void begin() {}
  static void end() {}

  template <int R>
  static void rows(const ConvolutionJob& job, const Window<R>& window) {
    for (int r = 0; r < R; ++r) {
      const float* const in[3] = {window.in[r], window.in[r + 1], window.in[r + 2]};
      int channel = 0;
      for (; V::kWidth == 16 && channel + 2 * kBlock <= job.out.channels; channel += 2 * kBlock)
        line<2>(job, in, window.y + r, channel);
      for (; channel < job.out.channels; channel += kBlock) line<1>(job, in, window.y + r, channel);
    }
  }

 private:
  template <int B>
  static void line(const ConvolutionJob& job, const float* const (&in)[3], int y, int channel) {
    for (int x = 0; x < job.out.width; x += kPixels) tile<B>(job, in, y, x, channel);
  }

  // Pixels x.. of B blocks of channels.
  template <int B>
  static void tile(const ConvolutionJob& job, const float* const (&in)[3], int y, int x, int channel) {
    const std::ptrdiff_t lanes = job.lanes, block = 9 * lanes * kBlock;
    const float* weights = job.weights + channel / kBlock * block;
    V sums[B * kVectors][kPixels];
#pragma GCC unroll 8
    for (int i = 0; i < B * kVectors; ++i)
#pragma GCC unroll 16
      for (int p = 0; p < kPixels; ++p) sums[i][p] = V::broadcast(0);
    for (const float* row : in) {
      const float* pixel = row + (x - 1) * lanes;
      for (std::ptrdiff_t k = 0; k < 3 * lanes; ++k, weights += kBlock, ++pixel) {
        V weight[B * kVectors];
#pragma GCC unroll 8
        for (int i = 0; i < B * kVectors; ++i)
          weight[i] = V::load(weights + i / kVectors * block + i % kVectors * V::kWidth);
#pragma GCC unroll 16
        for (int p = 0; p < kPixels; ++p) {
          const V lane = V::broadcast(pixel[p * lanes]);
#pragma GCC unroll 8
          for (int i = 0; i < B * kVectors; ++i)
            sums[i][p] = fused::add_products<precision>(weight[i], lane, sums[i][p]);
        }
      }
    }
    const int n = job.out.width - x < kPixels ? job.out.width - x : kPixels;
#pragma GCC unroll 2
    for (int b = 0; b < B; ++b) {
      float* out = job.out.pixel(y, x) + (channel + b * kBlock) / channels_a_lane(stored);
      Sums<V> kept;
#pragma GCC unroll 16
      for (int p = 0; p < kPixels; ++p, out += job.out.lanes) {
        if (p >= n) continue;
        Block<V> block;
#pragma GCC unroll 4
        for (int i = 0; i < kVectors; ++i) block[i] = sums[b * kVectors + i][p];
        put_block<V, stored>(block, out);
        kept.add(block);
      }
      kept.keep(job.scratch.lane_sums, channel + b * kBlock, job.out.channels);
    }
  }
};

}  // namespace sonolucent::dense
