#pragma once

// Pairs of bfloat16 on vector types whose processor has no instructions for them. Differs from those in nothing but
// denormal numbers, which they take for zero. Slower than float32: for tests, and to judge images by.

#include <cstdint>

#include "always_inline.hpp"
#include "bfloat16.hpp"
#include "vector_bits.hpp"

namespace sonolucent::fused {

// Rounds one pair of channels into each lane.
template <class V>
ALWAYS_INLINE V pack_pairs(V even, V odd) {
  return from_bits<V>(rounded_to_bfloat16(bits(even)) >> 16 | rounded_to_bfloat16(bits(odd)));
}

// sums + the products of both channels of each lane, the odd one's first. The products are exact.
template <class V>
ALWAYS_INLINE V dot_pairs(V weights, V pixels, V sums) {
  const V odd = multiply_add(odd_of_pairs(weights), odd_of_pairs(pixels), sums);
  return multiply_add(even_of_pairs(weights), even_of_pairs(pixels), odd);
}

}  // namespace sonolucent::fused
