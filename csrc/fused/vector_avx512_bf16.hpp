#pragma once

#include "vector_avx512.hpp"

namespace sonolucent::fused {

// Pairs of bfloat16 by the processor's own instructions. See emulated_bfloat16.hpp for what each function means.
ALWAYS_INLINE Avx512Vector pack_pairs(Avx512Vector even, Avx512Vector odd) {
  // Both rounded, all even ones before all odd ones; lane i takes number i and number 16 + i.
  const auto rounded = (__m512i)_mm512_cvtne2ps_pbh(odd.lanes, even.lanes);
  const auto index = _mm512_setr_epi32(0x100000, 0x110001, 0x120002, 0x130003, 0x140004, 0x150005, 0x160006, 0x170007,
                                       0x180008, 0x190009, 0x1A000A, 0x1B000B, 0x1C000C, 0x1D000D, 0x1E000E, 0x1F000F);
  return {_mm512_castsi512_ps(_mm512_permutexvar_epi16(index, rounded))};
}
ALWAYS_INLINE Avx512Vector dot_pairs(Avx512Vector weights, Avx512Vector pixels, Avx512Vector sums) {
  return {_mm512_dpbf16_ps(sums.lanes, (__m512bh)weights.lanes, (__m512bh)pixels.lanes)};
}

}  // namespace sonolucent::fused
