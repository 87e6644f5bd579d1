#pragma once

#include "kernels.hpp"
#include "tile_vector.hpp"

namespace sonolucent::dense {

// A layer and the head for a vector type and what computes its tiles.
template <class V, Precision precision, Precision stored, class Tile>
struct Layers {
  static void convolve(const ConvolutionJob& job);
  static void head(const HeadJob& job);

 private:
  template <int R>
  static Window<R> window(const ConvolutionJob& job, int y);
  static float* packed_row(const ConvolutionJob& job, int y);
  static void flush(const ConvolutionJob& job);
};

// The first pixel of row y in the ring.
template <class V, Precision precision, Precision stored, class Tile>
float* Layers<V, precision, stored, Tile>::packed_row(const ConvolutionJob& job, int y) {
  const std::ptrdiff_t pixels = static_cast<std::ptrdiff_t>(y & (kRingRows - 1)) * packed_pixels(job.out.width) + 1;
  return job.scratch.ring + pixels * job.lanes;
}

template <class V, Precision precision, Precision stored, class Tile>
template <int R>
Window<R> Layers<V, precision, stored, Tile>::window(const ConvolutionJob& job, int y) {
  Window<R> window;
  window.y = y;
  for (int r = 0; r < R + 2; ++r) {
    const int row = y - 1 + r;
    window.in[r] = row < 0 || row >= job.out.height ? job.scratch.nothing + job.lanes : packed_row(job, row);
  }
  return window;
}

template <class V, Precision precision, Precision stored, class Tile>
void Layers<V, precision, stored, Tile>::flush(const ConvolutionJob& job) {
  for (int i = 0; i < 2; ++i)
    for (int c = 0; c < job.out.channels; ++c) {
      float& sum = job.scratch.lane_sums[i * job.out.channels + c];
      job.sums[2 * c + i] += sum;
      sum = 0;
    }
}

template <class V, Precision precision, Precision stored, class Tile>
void Layers<V, precision, stored, Tile>::convolve(const ConvolutionJob& job) {
  for (int i = 0; i < 2 * job.out.channels; ++i) job.sums[i] = job.scratch.lane_sums[i] = 0;
  Tile::begin();
  int packed = job.y_begin > 0 ? job.y_begin - 1 : 0;
  for (int y = job.y_begin, step; y < job.y_end; y += step) {
    step = job.y_end - y < kRowsAtOnce ? 1 : kRowsAtOnce;
    for (; packed <= y + step && packed < job.out.height; ++packed)
      pack_row<V, precision>(job, packed, packed_row(job, packed));
    if (step == 1)
      Tile::template rows<1>(job, window<1>(job, y));
    else
      Tile::template rows<kRowsAtOnce>(job, window<kRowsAtOnce>(job, y));
    flush(job);
  }
  Tile::end();
}

template <class V, Precision precision, Precision stored, class Tile>
void Layers<V, precision, stored, Tile>::head(const HeadJob& job) {
  for (int y = job.y_begin; y < job.y_end; ++y) {
    const float* grey = job.grey.row(y);
    float* const image = job.image + static_cast<std::ptrdiff_t>(y) * job.image_width;
    for (int x = 0; x < job.image_width; ++x) {
      const float* pixel = job.features.map.pixel(y, x);
      V products = V::broadcast(0);
      for (int l = 0; l < job.features.map.lanes; l += V::kWidth) {
        const auto feature = Norm<V, stored>(job.features, l).of(pixel);
        const auto weight = Channels<V, stored>::of_factors(job.weights, l, job.features.map.lanes);
        for (int i = 0; i < feature.kParts; ++i) products = multiply_add(feature.parts[i], weight.parts[i], products);
      }
      alignas(64) float lanes[V::kWidth];
      products.store(lanes);
      for (int half = V::kWidth / 2; half > 0; half /= 2)
        for (int i = 0; i < half; ++i) lanes[i] += lanes[i + half];
      const float value = (grey[x] + job.bias + lanes[0]) * job.range + job.offset;
      // What is undefined stays so, and bad weights are found out.
      image[x] = value < job.low ? job.low : value > job.high ? job.high : value;
    }
  }
}

// Maps are stored as they are multiplied.
template <class V, Precision precision, class Tile = VectorTile<V, precision, precision>>
constexpr Kernels kernels_of(const char* name, int lane_multiple = 1, bool emulated = false) {
  using First = Layers<V, Precision::kFloat32, precision, VectorTile<V, Precision::kFloat32, precision>>;
  using Built = Layers<V, precision, precision, Tile>;
  return {name, precision, lane_multiple, emulated, First::convolve, Built::convolve, Built::head};
}

}  // namespace sonolucent::dense
