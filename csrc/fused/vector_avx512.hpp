#pragma once

#include <immintrin.h>

#include "always_inline.hpp"

namespace sonolucent::fused {

// 16 neighbouring pixels. See vector_portable.hpp for what each function means.
struct Avx512Vector {
  static constexpr int kWidth = 16;
  static constexpr int kTileChannels = 8;
  __m512 lanes;

  ALWAYS_INLINE static Avx512Vector load(const float* p) { return {_mm512_load_ps(p)}; }
  ALWAYS_INLINE static Avx512Vector broadcast(float x) { return {_mm512_set1_ps(x)}; }
  ALWAYS_INLINE void store(float* p) const { _mm512_store_ps(p, lanes); }
  ALWAYS_INLINE Avx512Vector first(int n) const {
    return {_mm512_maskz_mov_ps(static_cast<__mmask16>((1U << n) - 1), lanes)};
  }
};

ALWAYS_INLINE Avx512Vector operator+(Avx512Vector a, Avx512Vector b) { return {_mm512_add_ps(a.lanes, b.lanes)}; }
ALWAYS_INLINE Avx512Vector operator*(Avx512Vector a, Avx512Vector b) { return {_mm512_mul_ps(a.lanes, b.lanes)}; }
ALWAYS_INLINE Avx512Vector max(Avx512Vector a, Avx512Vector b) { return {_mm512_max_ps(a.lanes, b.lanes)}; }
ALWAYS_INLINE Avx512Vector min(Avx512Vector a, Avx512Vector b) { return {_mm512_min_ps(a.lanes, b.lanes)}; }
ALWAYS_INLINE Avx512Vector multiply_add(Avx512Vector a, Avx512Vector b, Avx512Vector c) {
  return {_mm512_fmadd_ps(a.lanes, b.lanes, c.lanes)};
}

ALWAYS_INLINE Avx512Vector rotated(Avx512Vector low, Avx512Vector high, const int by) {
  const auto a = _mm512_castps_si512(low.lanes), b = _mm512_castps_si512(high.lanes);
  return {_mm512_castsi512_ps(by == 1 ? _mm512_alignr_epi32(b, a, 1) : _mm512_alignr_epi32(b, a, 15))};
}
struct Avx512Seam {
  Avx512Vector left, right;
};
ALWAYS_INLINE Avx512Seam seam(Avx512Vector left, Avx512Vector right) { return {left, right}; }
ALWAYS_INLINE Avx512Vector left_neighbours(Avx512Seam before, Avx512Vector here) {
  return rotated(before.left, here, 15);
}
ALWAYS_INLINE Avx512Vector right_neighbours(Avx512Vector here, Avx512Seam after) {
  return rotated(here, after.right, 1);
}

ALWAYS_INLINE Avx512Vector evens(Avx512Vector a, Avx512Vector b) {
  const auto index = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  return {_mm512_permutex2var_ps(a.lanes, index, b.lanes)};
}
ALWAYS_INLINE Avx512Vector odds(Avx512Vector a, Avx512Vector b) {
  const auto index = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
  return {_mm512_permutex2var_ps(a.lanes, index, b.lanes)};
}
ALWAYS_INLINE Avx512Vector interleaved_low(Avx512Vector even, Avx512Vector odd) {
  const auto index = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  return {_mm512_permutex2var_ps(even.lanes, index, odd.lanes)};
}
ALWAYS_INLINE Avx512Vector interleaved_high(Avx512Vector even, Avx512Vector odd) {
  const auto index = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  return {_mm512_permutex2var_ps(even.lanes, index, odd.lanes)};
}

}  // namespace sonolucent::fused
