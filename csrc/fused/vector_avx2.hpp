#pragma once

#include <immintrin.h>

#include "always_inline.hpp"

namespace sonolucent::fused {

// 8 neighbouring pixels. See vector_portable.hpp for what each function means.
struct Avx2Vector {
  static constexpr int kWidth = 8;
  static constexpr int kTileChannels = 4;
  __m256 lanes;

  ALWAYS_INLINE static Avx2Vector load(const float* p) { return {_mm256_load_ps(p)}; }
  ALWAYS_INLINE static Avx2Vector broadcast(float x) { return {_mm256_set1_ps(x)}; }
  ALWAYS_INLINE void store(float* p) const { _mm256_store_ps(p, lanes); }
  ALWAYS_INLINE Avx2Vector first(int n) const {
    const auto index = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return {_mm256_and_ps(lanes, _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32(n), index)))};
  }
};

ALWAYS_INLINE Avx2Vector operator+(Avx2Vector a, Avx2Vector b) { return {_mm256_add_ps(a.lanes, b.lanes)}; }
ALWAYS_INLINE Avx2Vector operator*(Avx2Vector a, Avx2Vector b) { return {_mm256_mul_ps(a.lanes, b.lanes)}; }
ALWAYS_INLINE Avx2Vector max(Avx2Vector a, Avx2Vector b) { return {_mm256_max_ps(a.lanes, b.lanes)}; }
ALWAYS_INLINE Avx2Vector min(Avx2Vector a, Avx2Vector b) { return {_mm256_min_ps(a.lanes, b.lanes)}; }
ALWAYS_INLINE Avx2Vector multiply_add(Avx2Vector a, Avx2Vector b, Avx2Vector c) {
  return {_mm256_fmadd_ps(a.lanes, b.lanes, c.lanes)};
}

// The upper half of the left vector, then the lower half of the right one.
struct Avx2Seam {
  __m256i middle;
};
ALWAYS_INLINE Avx2Seam seam(Avx2Vector left, Avx2Vector right) {
  return {_mm256_castps_si256(_mm256_permute2f128_ps(left.lanes, right.lanes, 0x21))};
}
ALWAYS_INLINE Avx2Vector left_neighbours(Avx2Seam before, Avx2Vector here) {
  const auto bytes = _mm256_alignr_epi8(_mm256_castps_si256(here.lanes), before.middle, 12);
  return {_mm256_castsi256_ps(bytes)};
}
ALWAYS_INLINE Avx2Vector right_neighbours(Avx2Vector here, Avx2Seam after) {
  const auto bytes = _mm256_alignr_epi8(after.middle, _mm256_castps_si256(here.lanes), 4);
  return {_mm256_castsi256_ps(bytes)};
}

ALWAYS_INLINE Avx2Vector evens(Avx2Vector a, Avx2Vector b) {
  const auto pairs = _mm256_castps_pd(_mm256_shuffle_ps(a.lanes, b.lanes, 0x88));
  return {_mm256_castpd_ps(_mm256_permute4x64_pd(pairs, 0xD8))};
}
ALWAYS_INLINE Avx2Vector odds(Avx2Vector a, Avx2Vector b) {
  const auto pairs = _mm256_castps_pd(_mm256_shuffle_ps(a.lanes, b.lanes, 0xDD));
  return {_mm256_castpd_ps(_mm256_permute4x64_pd(pairs, 0xD8))};
}
ALWAYS_INLINE Avx2Vector interleaved_low(Avx2Vector even, Avx2Vector odd) {
  const auto low = _mm256_unpacklo_ps(even.lanes, odd.lanes), high = _mm256_unpackhi_ps(even.lanes, odd.lanes);
  return {_mm256_permute2f128_ps(low, high, 0x20)};
}
ALWAYS_INLINE Avx2Vector interleaved_high(Avx2Vector even, Avx2Vector odd) {
  const auto low = _mm256_unpacklo_ps(even.lanes, odd.lanes), high = _mm256_unpackhi_ps(even.lanes, odd.lanes);
  return {_mm256_permute2f128_ps(low, high, 0x31)};
}

}  // namespace sonolucent::fused
