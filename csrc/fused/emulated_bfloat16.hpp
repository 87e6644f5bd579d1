#pragma once

// Pairs of bfloat16 on vector types whose processor has no instructions for them. Differs from those in nothing but
// denormal numbers, which they take for zero. Slower than float32: for tests, and to judge images by.

#include <cstdint>

#include "always_inline.hpp"
#include "bfloat16.hpp"

namespace sonolucent::fused {

template <class V>
struct BitsOf {
  typedef std::uint32_t type __attribute__((vector_size(sizeof(V))));
};

template <class V>
ALWAYS_INLINE typename BitsOf<V>::type bits(V x) {
  return reinterpret_cast<typename BitsOf<V>::type>(x.lanes);
}

template <class V>
ALWAYS_INLINE V from_bits(typename BitsOf<V>::type x) {
  return {reinterpret_cast<decltype(V::lanes)>(x)};
}

// Rounds one pair of channels into each lane.
template <class V>
ALWAYS_INLINE V pack_pairs(V even, V odd) {
  return from_bits<V>(rounded_to_bfloat16(bits(even)) >> 16 | rounded_to_bfloat16(bits(odd)));
}

// sums + the products of both channels of each lane, the odd one's first. The products are exact.
template <class V>
ALWAYS_INLINE V dot_pairs(V weights, V pixels, V sums) {
  const auto even = [](V x) { return from_bits<V>(bits(x) << 16); };
  const auto odd = [](V x) { return from_bits<V>(bits(x) & 0xFFFF0000); };
  return multiply_add(even(weights), even(pixels), multiply_add(odd(weights), odd(pixels), sums));
}

}  // namespace sonolucent::fused
