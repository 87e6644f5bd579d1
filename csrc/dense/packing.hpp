#pragma once

// Rows of packed pixels: normalised, sampled and concatenated, as the convolution multiplies them. Lanes are those of
// maps. Around a row lie pixels of zeros.

#include "fused/bfloat16.hpp"
#include "fused/vector_bits.hpp"
#include "job.hpp"

namespace sonolucent::dense {

using fused::Precision;

// ReLU that lets what is undefined pass: bad weights are found out by it.
template <class V>
ALWAYS_INLINE V rectified(V x) {
  return max(V::broadcast(0), x);
}

template <class V>
using Loose __attribute__((aligned(4), may_alias)) = decltype(V::lanes);

template <class V>
ALWAYS_INLINE V load_anywhere(const float* from) {
  return {*reinterpret_cast<const Loose<V>*>(from)};
}
template <class V>
ALWAYS_INLINE void store_anywhere(V x, float* to) {
  *reinterpret_cast<Loose<V>*>(to) = x.lanes;
}

// The channels of some lanes: one vector, or the even and the odd ones.
template <class V, Precision precision>
struct Channels {
  static constexpr int kParts = channels_a_lane(precision);
  V parts[kParts];

  // From lane l on of a pixel, or of factors, that has `lanes`; beyond them zeros.
  ALWAYS_INLINE static Channels of_pixel(const float* pixel, int l, int lanes) {
    const V loaded = load_anywhere<V>(pixel + l);
    const V x = lanes - l < V::kWidth ? loaded.first(lanes - l) : loaded;
    if constexpr (precision == Precision::kFloat32)
      return {{x}};
    else
      return {{even_of_pairs(x), odd_of_pairs(x)}};
  }
  ALWAYS_INLINE static Channels of_factors(const float* factors, int l, int lanes) {
    Channels found;
    for (int i = 0; i < kParts; ++i) {
      const V loaded = load_anywhere<V>(factors + static_cast<std::ptrdiff_t>(i) * lanes + l);
      found.parts[i] = lanes - l < V::kWidth ? loaded.first(lanes - l) : loaded;
    }
    return found;
  }
  ALWAYS_INLINE void put(float* to) const {
    if constexpr (precision == Precision::kFloat32)
      store_anywhere(parts[0], to);
    else
      store_anywhere(pack_pairs(parts[0], parts[1]), to);
  }
  // Each part by itself.
  template <class Function>
  ALWAYS_INLINE static Channels each(const Function& function) {
    Channels made;
    for (int i = 0; i < kParts; ++i) made.parts[i] = function(i);
    return made;
  }
};

// Some lanes of a source, normalised and rectified.
template <class V, Precision precision>
struct Norm {
  using Some = Channels<V, precision>;
  Some scale, shift;
  int l, lanes;

  ALWAYS_INLINE Norm(const Source& source, int l)
      : scale(Some::of_factors(source.scale, l, source.map.lanes)),
        shift(Some::of_factors(source.shift, l, source.map.lanes)),
        l(l),
        lanes(source.map.lanes) {}
  ALWAYS_INLINE Some of(const float* pixel) const {
    const Some x = Some::of_pixel(pixel, l, lanes);
    return Some::each([&](int i) { return rectified(multiply_add(x.parts[i], scale.parts[i], shift.parts[i])); });
  }
};

// Where a pixel has fewer lanes than a vector, zeros go beyond it: to the next pixel, which comes later, or the border.
template <class V, Precision precision>
void pack_same(const ConvolutionJob& job, int y, float* row) {
  for (int x = 0; x < job.out.width; ++x, row += job.lanes) {
    float* to = row;
    for (int s = 0; s < job.n_sources; ++s) {
      const Source& source = job.sources[s];
      const float* pixel = source.map.pixel(y, x);
      for (int l = 0; l < source.map.lanes; l += V::kWidth) Norm<V, precision>(source, l).of(pixel).put(to + l);
      to += source.map.lanes;
    }
    for (; to < row + job.lanes; ++to) *to = 0;
  }
}

// Means of 2 x 2 pixels.
template <class V, Precision precision>
void pack_pooled(const ConvolutionJob& job, int y, float* row) {
  using Some = Channels<V, precision>;
  const Source& source = job.sources[0];
  const V quarter = V::broadcast(0.25F);
  for (int x = 0; x < job.out.width; ++x, row += job.lanes) {
    const float* upper = source.map.pixel(2 * y, 2 * x);
    const float* lower = source.map.pixel(2 * y + 1, 2 * x);
    for (int l = 0; l < source.map.lanes; l += V::kWidth) {
      const Norm<V, precision> norm(source, l);
      const Some a = norm.of(upper), b = norm.of(upper + source.map.lanes);
      const Some c = norm.of(lower), d = norm.of(lower + source.map.lanes);
      Some::each([&](int i) { return ((a.parts[i] + b.parts[i]) + (c.parts[i] + d.parts[i])) * quarter; }).put(row + l);
    }
  }
}

// Bilinearly doubled: 3/4 and 1/4 of the two nearest pixels both ways; edges repeat.
template <class V, Precision precision>
void pack_upsampled(const ConvolutionJob& job, int y, float* row) {
  using Some = Channels<V, precision>;
  const Source& source = job.sources[0];
  const auto& map = source.map;
  const V most = V::broadcast(0.75F), least = V::broadcast(0.25F);
  const auto within = [](int i, int n) { return i < 0 ? 0 : i < n ? i : n - 1; };
  const auto farther = [&](int i, int n) { return within((i >> 1) + (i % 2 ? 1 : -1), n); };
  const int near_y = y >> 1, far_y = farther(y, map.height);
  // The last lanes first: zeros beyond them make room for the first ones of the next pixel.
  for (int l = (map.lanes - 1) / V::kWidth * V::kWidth; l >= 0; l -= V::kWidth) {
    const Norm<V, precision> norm(source, l);
    // Columns of the source, blended from above and below: each serves four pixels.
    const auto column = [&](int x) {
      const Some near = norm.of(map.pixel(near_y, x)), far = norm.of(map.pixel(far_y, x));
      return Some::each([&](int i) { return near.parts[i] * most + far.parts[i] * least; });
    };
    const auto blended = [&](const Some& near, const Some& far, float* to) {
      Some::each([&](int i) { return near.parts[i] * most + far.parts[i] * least; }).put(to);
    };
    Some before = column(0), here = before;
    float* to = row + l;
    for (int x = 0; x < map.width; ++x, to += 2 * job.lanes) {
      const Some after = column(within(x + 1, map.width));
      blended(here, before, to);
      blended(here, after, to + job.lanes);
      before = here;
      here = after;
    }
  }
}

inline void pack_grey(const ConvolutionJob& job, int y, float* row) {
  const float* grey = job.grey.row(y);
  for (int x = 0; x < job.out.width; ++x) row[static_cast<std::ptrdiff_t>(x) * job.lanes] = grey[x];
}

// One of the layer's rows, `row` being its first pixel.
template <class V, Precision precision>
void pack_row(const ConvolutionJob& job, int y, float* row) {
  const std::ptrdiff_t lanes = job.lanes, end = job.out.width * lanes;
  for (std::ptrdiff_t i = -lanes; i < 0; ++i) row[i] = 0;
  if (job.n_sources == 0)
    pack_grey(job, y, row);
  else if (job.sources[0].sampling == Sampling::kSame)
    pack_same<V, precision>(job, y, row);
  else if (job.sources[0].sampling == Sampling::kPooled)
    pack_pooled<V, precision>(job, y, row);
  else
    pack_upsampled<V, precision>(job, y, row);
  for (std::ptrdiff_t i = end; i < (packed_pixels(job.out.width) - 1) * lanes; ++i) row[i] = 0;
}

}  // namespace sonolucent::dense
