#pragma once

// Rows of packed pixels: normalised, sampled and concatenated, as the convolution multiplies them. A lane holds one
// channel in float32, or two neighbouring ones in bfloat16. Around a row lie pixels of zeros.

#include "fused/bfloat16.hpp"
#include "job.hpp"

namespace sonolucent::dense {

using fused::Precision;

// ReLU that lets what is undefined pass: bad weights are found out by it.
template <class V>
ALWAYS_INLINE V rectified(V x) {
  return max(V::broadcast(0), x);
}

// The channels of a vector, normalised and rectified.
template <class V>
struct Norm {
  V scale, shift;

  ALWAYS_INLINE Norm(const Source& source, int c)
      : scale(V::load(source.scale + c)), shift(V::load(source.shift + c)) {}
  ALWAYS_INLINE V of(const float* pixel) const { return rectified(multiply_add(V::load(pixel), scale, shift)); }
};

// Stores at any address.
template <class V>
ALWAYS_INLINE void store_anywhere(V x, float* to) {
  typedef decltype(V::lanes) Loose __attribute__((aligned(4), may_alias));
  *reinterpret_cast<Loose*>(to) = x.lanes;
}

// Puts a pixel's channels into its lanes: `value(c)` is the vector of channels from c on. In bfloat16 two vectors are
// packed into one; where the second lies beyond the last channel, zeros go beyond the pixel: to the next, which comes
// later, or to the border.
template <class V, Precision precision, class Value>
ALWAYS_INLINE void put_pixel(float* lanes, int channels, const Value& value) {
  if constexpr (precision == Precision::kFloat32) {
    for (int c = 0; c < channels; c += V::kWidth) store_anywhere(value(c), lanes + c);
  } else {
    for (int c = 0; c < channels; c += 2 * V::kWidth) {
      const V a = value(c), b = c + V::kWidth < channels ? value(c + V::kWidth) : V::broadcast(0);
      store_anywhere(pack_pairs(evens(a, b), odds(a, b)), lanes + c / 2);
    }
  }
}

// The rows of a source that one of the layer's rows comes from, and how much of each.
struct RowPair {
  const float* near;
  const float* far;
};

inline RowPair rows_of(const Source& source, int y) {
  const auto& map = source.map;
  if (source.sampling == Sampling::kPooled) return {map.row(2 * y), map.row(2 * y + 1)};
  const int near = y >> 1, far = near + (y % 2 ? 1 : -1), last = map.height - 1;
  return {map.row(near), map.row(far < 0 ? 0 : far > last ? last : far)};
}

template <class V, Precision precision>
void pack_same(const ConvolutionJob& job, int y, float* row) {
  for (int x = 0; x < job.out.width; ++x, row += job.lanes) {
    float* lanes = row;
    for (int s = 0; s < job.n_sources; ++s) {
      const Source& source = job.sources[s];
      const int channels = source.map.channels;
      const float* pixel = source.map.row(y) + static_cast<std::ptrdiff_t>(x) * channels;
      put_pixel<V, precision>(lanes, channels, [&](int c) { return Norm<V>(source, c).of(pixel + c); });
      lanes += channels / channels_a_lane(precision);
    }
    for (; lanes < row + job.lanes; ++lanes) *lanes = 0;
  }
}

// Means of 2 x 2 pixels.
template <class V, Precision precision>
void pack_pooled(const ConvolutionJob& job, int y, float* row) {
  const Source& source = job.sources[0];
  const int channels = source.map.channels;
  auto [upper, lower] = rows_of(source, y);
  const V quarter = V::broadcast(0.25F);
  for (int x = 0; x < job.out.width; ++x, row += job.lanes, upper += 2 * channels, lower += 2 * channels)
    put_pixel<V, precision>(row, channels, [&](int c) {
      const Norm<V> norm(source, c);
      const V above = norm.of(upper + c) + norm.of(upper + channels + c);
      return (above + (norm.of(lower + c) + norm.of(lower + channels + c))) * quarter;
    });
}

// Bilinearly doubled: 3/4 and 1/4 of the two nearest pixels both ways; edges repeat.
template <class V, Precision precision>
void pack_upsampled(const ConvolutionJob& job, int y, float* row) {
  const Source& source = job.sources[0];
  const int channels = source.map.channels, last = source.map.width - 1;
  const auto rows = rows_of(source, y);
  const V most = V::broadcast(0.75F), least = V::broadcast(0.25F);
  const auto at = [&](const Norm<V>& norm, int x, int c) {
    const std::ptrdiff_t from = static_cast<std::ptrdiff_t>(x < 0 ? 0 : x > last ? last : x) * channels + c;
    return norm.of(rows.near + from) * most + norm.of(rows.far + from) * least;
  };
  for (int x = 0; x < job.out.width; ++x, row += job.lanes)
    put_pixel<V, precision>(row, channels, [&](int c) {
      const Norm<V> norm(source, c);
      const int near = x >> 1;
      return at(norm, near, c) * most + at(norm, near + (x % 2 ? 1 : -1), c) * least;
    });
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
