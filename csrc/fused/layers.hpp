#pragma once

// The layers of the network for one vector type and precision; a translation unit an instruction set makes its Kernels
// from them.

#include <cstddef>

#include "bfloat16.hpp"
#include "depthwise.hpp"
#include "jobs.hpp"
#include "kernels.hpp"
#include "pointwise.hpp"
#include "resample.hpp"
#include "strip.hpp"

namespace sonolucent::fused {

constexpr int kRowsAFlush = 16;  // float32 sums over more rows than these would lose digits

template <class V, Precision precision>
struct Layers {
  static void first(const FirstJob& job);
  static void separable(const SeparableJob& job);
  static void head(const HeadJob& job);

 private:
  // Where rows y - 1 .. y + R of a source lie; a channel's offset counts only within the image.
  template <int R>
  struct Window {
    const float* rows[R + 2];
    std::ptrdiff_t inside[R + 2];
  };

  static void sample(const Source& source, int y, const SeparableJob& job);
  static void sample_up_to(const Source& source, int y, int& sampled, const SeparableJob& job);
  template <int R>
  static Window<R> window(const Source& source, int y, const SeparableJob& job);
  template <int R>
  static void filter_strip(const SeparableJob& job, int y, int x, int wide);
  template <int R>
  static void rows(const SeparableJob& job, int y, int strip);
  static void flush(int channels, float* lane_sums, double* sums);
  static int vectors(int width) { return (width + V::kWidth - 1) / V::kWidth; }
  static int strip_of(const SeparableJob& job);
};

template <class V, Precision precision>
void Layers<V, precision>::sample(const Source& source, int y, const SeparableJob& job) {
  const auto slot = [&](int row) {
    return job.scratch.ring + static_cast<std::ptrdiff_t>(row & (kRingRows - 1)) * source.channels * job.out.stride;
  };
  const int last = source.rows.height - 1;
  const bool pooled = source.sampling == Sampling::kPooled;
  const int upper = pooled ? 2 * y : (y - 1) >> 1, lower = upper + 1;
  const float* above = source.rows.row(upper < 0 ? 0 : upper);
  const float* below = source.rows.row(lower > last ? last : lower);
  const int gain = gain_of(source.sampling);
  for (int c = 0; c < source.channels; ++c) {
    const Filter& filter = source.filters[c];
    const std::ptrdiff_t from = static_cast<std::ptrdiff_t>(c) * source.rows.stride;
    const RowPair pair{above + from, below + from, source.rows.width, filter.floor / gain};
    if (pooled)
      pool<V>(pair, slot(y) + filter.offset, job.out.stride);
    else
      upsample<V>(pair, slot(y) + filter.offset, slot(y + 1) + filter.offset, job.out.stride);
  }
}

// Brings the ring to row y. Doubled rows come in pairs, from odd rows on.
template <class V, Precision precision>
void Layers<V, precision>::sample_up_to(const Source& source, int y, int& sampled, const SeparableJob& job) {
  const int step = source.sampling == Sampling::kPooled ? 1 : 2;
  for (; sampled <= y && sampled < job.out.height; sampled += step) sample(source, sampled, job);
}

template <class V, Precision precision>
template <int R>
typename Layers<V, precision>::template Window<R> Layers<V, precision>::window(const Source& source, int y,
                                                                               const SeparableJob& job) {
  Window<R> window;
  for (int r = 0; r < R + 2; ++r) {
    const int row = y - 1 + r;
    const bool inside = row >= 0 && row < job.out.height;
    const auto slot = static_cast<std::ptrdiff_t>(row & (kRingRows - 1)) * source.channels * job.out.stride;
    window.inside[r] = inside;
    window.rows[r] = !inside                              ? job.scratch.nothing
                     : source.sampling == Sampling::kSame ? source.rows.row(row)
                                                          : job.scratch.ring + slot;
  }
  return window;
}

// Filters one strip, vectors x .. x + wide of R rows from y on, of all channels. Meanwhile the rows that are needed
// next, and those about to be written, come into the second cache.
template <class V, Precision precision>
template <int R>
void Layers<V, precision>::filter_strip(const SeparableJob& job, int y, int x, int wide) {
  const int width = wide * V::kWidth, begin = x * V::kWidth;
  const Strip<V, precision, R> strip{job.scratch.filtered, wide, begin + width - job.out.width};
  const float* written = job.out.row(y) + static_cast<std::ptrdiff_t>(R) * job.out.channels * begin;
  const int share = R * job.out.channels * width / job.c_in;
  for (int s = 0, channel = 0; s < job.n_sources; ++s) {
    const Source& source = job.sources[s];
    const Window<R> rows = window<R>(source, y, job);
    const bool direct = source.sampling == Sampling::kSame;
    const std::ptrdiff_t ahead = direct ? std::ptrdiff_t{R} * source.rows.channels * source.rows.stride : 0;
    for (int c = 0; c < source.channels; ++c, ++channel, written += share) {
      const Filter& filter = source.filters[c];
      const float* in[R + 2];
      for (int r = 0; r < R + 2; ++r) in[r] = rows.rows[r] + rows.inside[r] * filter.offset + begin;
      for (int k = 0; k < share; k += kCacheLine) __builtin_prefetch(written + k, 1);
      strip.filter(channel, in, filter, ahead);
    }
  }
  strip.complete(job.c_in);
}

// R rows from y on, strip by strip, so that what is between the two convolutions stays in a near cache.
template <class V, Precision precision>
template <int R>
void Layers<V, precision>::rows(const SeparableJob& job, int y, int strip) {
  const int n = vectors(job.out.width);
  for (int x = 0; x < n; x += strip) {
    const int wide = n - x < strip ? n - x : strip;
    filter_strip<R>(job, y, x, wide);
    float* to[kStripBytes / sizeof(V)];
    for (int r = 0; r < R; ++r)
      for (int i = 0; i < wide; ++i) to[r * wide + i] = job.out.row(y + r) + (x + i) * V::kWidth;
    const std::ptrdiff_t lane = std::ptrdiff_t{R} * wide * V::kWidth;
    pointwise<V, precision>({job.scratch.filtered, lane, lanes_of(precision, job.c_in)}, R * wide, job.pointwise,
                            job.out.channels, {to, job.out.stride, job.scratch.lane_sums});
  }
  float* line = job.out.row(y);
  for (int i = 0; i < R * job.out.channels; ++i, line += job.out.stride)
    fill_nothing(line, job.out.width, job.out.stride);
}

template <class V, Precision precision>
int Layers<V, precision>::strip_of(const SeparableJob& job) {
  const int n = vectors(job.out.width);
  const int lanes = lanes_of(precision, job.c_in);
  const int most = kStripBytes / (lanes * kRowsAtOnce * V::kWidth * static_cast<int>(sizeof(float)));
  const int strips = most < 1 ? n : (n + most - 1) / most;
  return (n + strips - 1) / strips;
}

template <class V, Precision precision>
void Layers<V, precision>::flush(int channels, float* lane_sums, double* sums) {
  for (int i = 0; i < 2 * channels; ++i, lane_sums += V::kWidth) {
    for (int lane = 0; lane < V::kWidth; ++lane) sums[i] += lane_sums[lane];
    V::broadcast(0).store(lane_sums);
  }
}

template <class V, Precision precision>
void Layers<V, precision>::separable(const SeparableJob& job) {
  const int strip = strip_of(job), channels = job.out.channels;
  for (int i = 0; i < 2 * channels; ++i) {
    job.sums[i] = 0;
    V::broadcast(0).store(job.scratch.lane_sums + i * V::kWidth);
  }
  const Source& source = job.sources[0];
  const bool ring = source.sampling != Sampling::kSame;
  int sampled = source.sampling == Sampling::kPooled && job.y_begin == 0 ? 0 : job.y_begin - 1;
  // Each row of the ring ends where the next one begins: what lies left of that one, written or not.
  for (int slot = 1; ring && slot <= kRingRows; ++slot) {
    const int end = slot * source.channels * job.out.stride;
    fill_nothing(job.scratch.ring, end - V::kWidth, end);
  }
  int unflushed = 0;
  for (int y = job.y_begin, step; y < job.y_end; y += step) {
    step = job.y_end - y < kRowsAtOnce ? 1 : kRowsAtOnce;
    if (ring) sample_up_to(source, y + step, sampled, job);
    if (step == 1)
      rows<1>(job, y, strip);
    else
      rows<kRowsAtOnce>(job, y, strip);
    unflushed += step;
    if (unflushed < kRowsAFlush && y + step < job.y_end) continue;
    flush(channels, job.scratch.lane_sums, job.sums);
    unflushed = 0;
  }
}

template <class V, Precision precision>
void Layers<V, precision>::first(const FirstJob& job) {
  const int n = vectors(job.out.width), tail = job.out.width - (n - 1) * V::kWidth;
  job.sums[0] = job.sums[1] = 0;
  for (int y = job.y_begin; y < job.y_end; ++y) {
    float* const plane = job.out.row(y);
    float* const negated = plane + job.out.stride;
    depthwise<V, 1, Alone>({job.grey.row(y - 1), job.grey.row(y), job.grey.row(y + 1)}, {plane}, n, job.filter, 0);
    V sum = V::broadcast(0), squares = sum;
    for (int i = 0; i < n; ++i) {
      const V loaded = V::load(plane + i * V::kWidth), x = i + 1 == n ? loaded.first(tail) : loaded;
      (x * V::broadcast(-1)).store(negated + i * V::kWidth);
      sum = sum + x;
      squares = multiply_add(x, x, squares);
    }
    sum.store(job.scratch.lane_sums);
    squares.store(job.scratch.lane_sums + V::kWidth);
    flush(1, job.scratch.lane_sums, job.sums);
    for (float* row : {plane, negated}) fill_nothing(row, job.out.width, job.out.stride);
  }
}

template <class V, Precision precision>
void Layers<V, precision>::head(const HeadJob& job) {
  const V bias = V::broadcast(job.bias), scale = V::broadcast(job.scale), offset = V::broadcast(job.offset);
  const V low = V::broadcast(job.low), high = V::broadcast(job.high);
  const std::ptrdiff_t ahead = static_cast<std::ptrdiff_t>(job.features.channels) * job.features.stride;
  float* const line = job.scratch.filtered;
  for (int y = job.y_begin; y < job.y_end; ++y) {
    const float* features = job.features.row(y);
    const float* grey = job.grey.row(y);
    for (int x = 0; x < job.image_width; x += V::kWidth) {
      V pixel = V::load(grey + x) + bias;
      for (int c = 0; c < job.features.channels; ++c) {
        const float* in = features + static_cast<std::ptrdiff_t>(c) * job.features.stride + x;
        if (x % kCacheLine == 0) __builtin_prefetch(in + ahead, 0, 2);
        const V feature = max(V::load(in), V::broadcast(job.floors[c]));
        pixel = multiply_add(feature, V::broadcast(job.weights[c]), pixel);
      }
      // The bound first: what is undefined stays so, and bad weights are found out.
      min(high, max(low, multiply_add(pixel, scale, offset))).store(line + x);
    }
    __builtin_memcpy(job.image + static_cast<std::ptrdiff_t>(y) * job.image_width, line,
                     sizeof(float) * static_cast<std::size_t>(job.image_width));
  }
}

template <class V, Precision precision>
constexpr Kernels kernels_of(const char* name, bool emulated = false) {
  using Built = Layers<V, precision>;
  return {name, V::kWidth, V::kTileChannels, precision, emulated, Built::first, Built::separable, Built::head};
}

}  // namespace sonolucent::fused
