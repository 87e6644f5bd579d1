#pragma once

#include "always_inline.hpp"

namespace sonolucent::fused {

// What the pointwise convolutions multiply; all else is float32. A lane holds one float32, or two bfloat16 of
// neighbouring channels: the even one in its low half, the odd one in its high half.
enum class Precision { kFloat32, kBfloat16 };

ALWAYS_INLINE constexpr int channels_a_lane(Precision precision) { return precision == Precision::kBfloat16 ? 2 : 1; }
// Lanes that so many channels take; what an odd one is paired with is zero.
ALWAYS_INLINE constexpr int lanes_of(Precision precision, int channels) {
  const int each = channels_a_lane(precision);
  return (channels + each - 1) / each;
}

// float32 to the nearest bfloat16, of two equally near ones the even one, in the high half; of std::uint32_t or vectors
// of it. Undefined numbers (NaN) stay so.
template <class Bits>
ALWAYS_INLINE Bits rounded_to_bfloat16(Bits x) {
  const Bits nearest = x + 0x7FFF + ((x >> 16) & 1), undefined = x | 0x400000;
  return ((x & 0x7FFFFFFF) > 0x7F800000 ? undefined : nearest) & 0xFFFF0000;
}

}  // namespace sonolucent::fused
