#pragma once

// The convolution in the matrix unit of a processor with AMX: 16 pixels times 16 channels, 32 channels of input at
// once.

#include <immintrin.h>

#include <cstdint>

#include "tile_vector.hpp"

namespace sonolucent::dense {

template <class V>
struct AmxTile {
  static constexpr int kLanes = 16;  // of a pixel that one instruction takes

  static void begin() {
    struct alignas(64) {
      std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
      std::uint16_t bytes_a_row[16] = {};
      std::uint8_t rows[16] = {};
    } config;
    for (int tile = 0; tile < 8; ++tile) {
      config.bytes_a_row[tile] = 64;
      config.rows[tile] = 16;
    }
    _tile_loadconfig(&config);
  }
  static void end() { _tile_release(); }

  template <int R>
  static void rows(const ConvolutionJob& job, const Window<R>& window) {
    int channel = 0;
    for (; channel + 2 * kBlock <= job.out.channels; channel += 2 * kBlock)
      for (int x = 0; x < job.out.width; x += kBlock) tile<R, 1, 2>(job, window, x, channel);
    if (channel == job.out.channels) return;
    int x = 0;
    for (; x + kBlock < job.out.width; x += 2 * kBlock) tile<R, 2, 1>(job, window, x, channel);
    if (x < job.out.width) tile<R, 1, 1>(job, window, x, channel);
  }

 private:
  // X blocks of pixels from x on, of R rows, times B blocks of channels; X or B is 1. Tiles 0..3 hold sums, 4 and 5
  // pixels, 6 and 7 weights.
  template <int R, int X, int B>
  static void tile(const ConvolutionJob& job, const Window<R>& window, int x, int channel) {
    static_assert(X == 1 || B == 1, "there are four tiles for sums");
    constexpr bool kTwo = X * B == 2;
    const std::ptrdiff_t lanes = job.lanes, block = 9 * lanes * kBlock;
    const float* weights = job.weights + channel / kBlock * block;
    const auto pixel_bytes = static_cast<std::size_t>(lanes) * sizeof(float);
    _tile_zero(0);
    if constexpr (kTwo) _tile_zero(1);
    if constexpr (R == 2) _tile_zero(2);
    if constexpr (R == 2 && kTwo) _tile_zero(3);
    for (int dy = 0; dy < 3; ++dy)
      for (int dx = 0; dx < 3; ++dx) {
        const std::ptrdiff_t from = (x + dx - 1) * lanes;
        for (std::ptrdiff_t k = 0; k < lanes; k += kLanes, weights += kLanes * kBlock) {
          const float* const upper = window.in[dy] + from + k;
          const float* const lower = window.in[dy + R - 1] + from + k;
          _tile_loadd(6, weights, kBlock * sizeof(float));
          _tile_loadd(4, upper, pixel_bytes);
          _tile_dpbf16ps(0, 4, 6);
          if constexpr (B == 2) {
            _tile_loadd(7, weights + block, kBlock * sizeof(float));
            _tile_dpbf16ps(1, 4, 7);
          }
          if constexpr (X == 2) {
            _tile_loadd(5, upper + kBlock * lanes, pixel_bytes);
            _tile_dpbf16ps(1, 5, 6);
          }
          if constexpr (R == 2) {
            _tile_loadd(4, lower, pixel_bytes);
            _tile_dpbf16ps(2, 4, 6);
          }
          if constexpr (R == 2 && B == 2) _tile_dpbf16ps(3, 4, 7);
          if constexpr (R == 2 && X == 2) {
            _tile_loadd(5, lower + kBlock * lanes, pixel_bytes);
            _tile_dpbf16ps(3, 5, 6);
          }
        }
      }
    alignas(64) float sums[R][X * B][kBlock * kBlock];
    _tile_stored(0, sums[0][0], kBlock * sizeof(float));
    if constexpr (kTwo) _tile_stored(1, sums[0][1], kBlock * sizeof(float));
    if constexpr (R == 2) _tile_stored(2, sums[1][0], kBlock * sizeof(float));
    if constexpr (R == 2 && kTwo) _tile_stored(3, sums[1][1], kBlock * sizeof(float));
    for (int b = 0; b < B; ++b) {
      Sums<V> kept;
      for (int r = 0; r < R; ++r)
        for (int i = 0; i < X; ++i) keep(job, sums[r][b + i], window.y + r, x + i * kBlock, channel + b * kBlock, kept);
      kept.keep(job.scratch.lane_sums, channel + b * kBlock, job.out.channels);
    }
  }

  static void keep(const ConvolutionJob& job, const float* sums, int y, int x, int channel, Sums<V>& kept) {
    const int n = job.out.width - x < kBlock ? job.out.width - x : kBlock;
    float* out = job.out.pixel(y, x) + channel / 2;
    for (int p = 0; p < n; ++p, out += job.out.lanes, sums += kBlock) {
      const Block<V> block = {V::load(sums)};
      put_block<V, Precision::kBfloat16>(block, out);
      kept.add(block);
    }
  }
};

}  // namespace sonolucent::dense
