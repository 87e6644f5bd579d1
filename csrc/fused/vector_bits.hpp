#pragma once

#include <cstdint>

#include "always_inline.hpp"

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

// The even and the odd bfloat16 of each lane.
template <class V>
ALWAYS_INLINE V even_of_pairs(V x) {
  return from_bits<V>(bits(x) << 16);
}
template <class V>
ALWAYS_INLINE V odd_of_pairs(V x) {
  return from_bits<V>(bits(x) & 0xFFFF0000);
}

}  // namespace sonolucent::fused
