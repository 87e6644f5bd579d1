#pragma once

#include "always_inline.hpp"

namespace sonolucent::fused {

// 4 neighbouring pixels in what every processor of the build's architecture has: SSE2, NEON or plain code.
struct PortableVector {
  using Lanes = float __attribute__((vector_size(16)));

  static constexpr int kWidth = 4;
  // Channels of one tile of the pointwise kernel: as many accumulators, times three, as there are registers for.
  static constexpr int kTileChannels = 4;
  Lanes lanes;

  // Loads and stores are aligned to the vector's size.
  ALWAYS_INLINE static PortableVector load(const float* p) { return {*reinterpret_cast<const Lanes*>(p)}; }
  ALWAYS_INLINE static PortableVector broadcast(float x) { return {Lanes{x, x, x, x}}; }
  ALWAYS_INLINE void store(float* p) const { *reinterpret_cast<Lanes*>(p) = lanes; }
  // The first n lanes, 1 <= n <= kWidth; the others zero, whatever they hold.
  ALWAYS_INLINE PortableVector first(int n) const {
    return {Lanes{lanes[0], n > 1 ? lanes[1] : 0, n > 2 ? lanes[2] : 0, n > 3 ? lanes[3] : 0}};
  }
};

ALWAYS_INLINE PortableVector operator+(PortableVector a, PortableVector b) { return {a.lanes + b.lanes}; }
ALWAYS_INLINE PortableVector operator*(PortableVector a, PortableVector b) { return {a.lanes * b.lanes}; }
// b wherever either is undefined (NaN), as on x86.
ALWAYS_INLINE PortableVector max(PortableVector a, PortableVector b) { return {a.lanes > b.lanes ? a.lanes : b.lanes}; }
ALWAYS_INLINE PortableVector min(PortableVector a, PortableVector b) { return {a.lanes < b.lanes ? a.lanes : b.lanes}; }
// a * b + c
ALWAYS_INLINE PortableVector multiply_add(PortableVector a, PortableVector b, PortableVector c) {
  return {a.lanes * b.lanes + c.lanes};
}

// Two vectors side by side, as the pixels next to their border need them: made once, it serves both sides.
struct PortableSeam {
  PortableVector left, right;
};
ALWAYS_INLINE PortableSeam seam(PortableVector left, PortableVector right) { return {left, right}; }

// The left, or right, neighbour of each pixel of `here`, which lies on one side of the seam.
ALWAYS_INLINE PortableVector left_neighbours(PortableSeam before, PortableVector here) {
  return {__builtin_shufflevector(before.left.lanes, here.lanes, 3, 4, 5, 6)};
}
ALWAYS_INLINE PortableVector right_neighbours(PortableVector here, PortableSeam after) {
  return {__builtin_shufflevector(here.lanes, after.right.lanes, 1, 2, 3, 4)};
}

// Every second pixel of a and then b.
ALWAYS_INLINE PortableVector evens(PortableVector a, PortableVector b) {
  return {__builtin_shufflevector(a.lanes, b.lanes, 0, 2, 4, 6)};
}
ALWAYS_INLINE PortableVector odds(PortableVector a, PortableVector b) {
  return {__builtin_shufflevector(a.lanes, b.lanes, 1, 3, 5, 7)};
}

// The first, or second, half of even[0], odd[0], even[1], odd[1], ...
ALWAYS_INLINE PortableVector interleaved_low(PortableVector even, PortableVector odd) {
  return {__builtin_shufflevector(even.lanes, odd.lanes, 0, 4, 1, 5)};
}
ALWAYS_INLINE PortableVector interleaved_high(PortableVector even, PortableVector odd) {
  return {__builtin_shufflevector(even.lanes, odd.lanes, 2, 6, 3, 7)};
}

}  // namespace sonolucent::fused
