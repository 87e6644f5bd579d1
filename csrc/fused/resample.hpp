#pragma once

#include "always_inline.hpp"
#include "jobs.hpp"

namespace sonolucent::fused {

// The rows of one channel, `width` pixels each, that a sampled row comes from, and the floor they are clamped to first.
struct RowPair {
  const float* upper;
  const float* lower;
  int width;
  float floor;
};

ALWAYS_INLINE void fill_nothing(float* row, int from, int to) {
  for (int x = from; x < to; ++x) row[x] = kNothing;
}

// Sums of 2 x 2 pixels.
template <class V>
ALWAYS_INLINE void pool(const RowPair& in, float* out, int stride) {
  const V floor = V::broadcast(in.floor);
  const int width = in.width / 2;
  for (int x = 0; x < width; x += V::kWidth) {
    const auto column = [&](int from) {
      return max(V::load(in.upper + from), floor) + max(V::load(in.lower + from), floor);
    };
    const V a = column(2 * x), b = column(2 * x + V::kWidth);
    (evens(a, b) + odds(a, b)).store(out + x);
  }
  fill_nothing(out, width, stride);
}

// Doubles a row that is already blended vertically: 3/4 and 1/4 of the two nearest pixels, times 4; edges repeat.
template <class V, class Seam>
ALWAYS_INLINE void widen(Seam before, V here, Seam after, float* out) {
  const V three = V::broadcast(3);
  const V even = multiply_add(three, here, left_neighbours(before, here));
  const V odd = multiply_add(three, here, right_neighbours(here, after));
  interleaved_low(even, odd).store(out);
  interleaved_high(even, odd).store(out + V::kWidth);
}

// The two doubled rows between `upper` and `lower`, times 16.
template <class V>
ALWAYS_INLINE void upsample(const RowPair& in, float* out_upper, float* out_lower, int stride) {
  const V floor = V::broadcast(in.floor), three = V::broadcast(3);
  const auto clamped = [&](const float* row, int x) { return max(V::load(row + x), floor); };
  const auto blended = [&](const float* near, const float* far, int x) {
    return multiply_add(three, clamped(near, x), clamped(far, x));
  };
  const auto scalar = [&](const float* near, const float* far, int x) {
    const auto at = [&](const float* row) { return row[x] > in.floor ? row[x] : in.floor; };
    return 3 * at(near) + at(far);
  };
  const auto line = [&](const float* near, const float* far, float* out) {
    V here = blended(near, far, 0);
    auto before = seam(V::broadcast(scalar(near, far, 0)), here);
    for (int x = 0; x < in.width; x += V::kWidth) {
      const V next = blended(near, far, x + V::kWidth);
      const auto after = seam(here, next);
      widen(before, here, after, out + 2 * x);
      before = after;
      here = next;
    }
    out[2 * in.width - 1] = 4 * scalar(near, far, in.width - 1);
    fill_nothing(out, 2 * in.width, stride);
  };
  line(in.upper, in.lower, out_upper);
  line(in.lower, in.upper, out_lower);
}

}  // namespace sonolucent::fused
