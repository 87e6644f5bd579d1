#pragma once

#include "always_inline.hpp"
#include "jobs.hpp"

namespace sonolucent::fused {

// How a filtered vector is put into memory: by itself, or as the second half of pairs whose first halves are there.
struct Alone {
  template <class V>
  ALWAYS_INLINE static void put(V x, float* to) {
    x.store(to);
  }
};
struct SecondOfPair {
  template <class V>
  ALWAYS_INLINE static void put(V x, float* to) {
    pack_pairs(V::load(to), x).store(to);
  }
};

// Filters `n` vectors of R neighbouring rows of one channel. `in` are R + 2 rows, from the one above on; those that the
// next call on this channel needs lie `ahead` floats further on, and are fetched meanwhile.
template <class V, int R, class Placed>
ALWAYS_INLINE void depthwise(const float* const (&in)[R + 2], float* const (&out)[R], int n, const Filter& filter,
                             std::ptrdiff_t ahead) {
  const V floor = V::broadcast(filter.floor), start = V::broadcast(filter.start);
  V taps[9], here[R + 2];
  decltype(seam(floor, floor)) before[R + 2];
#pragma GCC unroll 9
  for (int k = 0; k < 9; ++k) taps[k] = V::broadcast(filter.taps[k]);
#pragma GCC unroll 8
  for (int r = 0; r < R + 2; ++r) {
    here[r] = max(V::load(in[r]), floor);
    before[r] = seam(max(V::load(in[r] - V::kWidth), floor), here[r]);
  }
  for (int i = 0; i < n; ++i) {
    V sums[R];
#pragma GCC unroll 8
    for (int j = 0; j < R; ++j) {
      sums[j] = start;
      if (i * V::kWidth % kCacheLine == 0) __builtin_prefetch(in[j + 2] + ahead + i * V::kWidth, 0, 2);
    }
#pragma GCC unroll 8
    for (int r = 0; r < R + 2; ++r) {
      const V next = max(V::load(in[r] + (i + 1) * V::kWidth), floor);
      const auto after = seam(here[r], next);
      const V left = left_neighbours(before[r], here[r]), right = right_neighbours(here[r], after);
#pragma GCC unroll 8
      for (int j = 0; j < R; ++j) {
        const int k = r - j;
        if (k < 0 || k > 2) continue;
        sums[j] = multiply_add(left, taps[3 * k], sums[j]);
        sums[j] = multiply_add(here[r], taps[3 * k + 1], sums[j]);
        sums[j] = multiply_add(right, taps[3 * k + 2], sums[j]);
      }
      before[r] = after;
      here[r] = next;
    }
#pragma GCC unroll 8
    for (int j = 0; j < R; ++j) Placed::put(sums[j], out[j] + i * V::kWidth);
  }
}

}  // namespace sonolucent::fused
