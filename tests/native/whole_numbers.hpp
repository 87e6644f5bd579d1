#pragma once

// One separable layer of whole numbers, small enough that every sum is exact in float32: whatever the order of the
// additions and wherever the image is cut into pieces, kernels must make what plain loops make, to the last bit.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "fused/arena.hpp"
#include "fused/kernels.hpp"
#include "fused/network.hpp"
#include "fused/pack.hpp"

namespace whole_numbers {

using namespace sonolucent::fused;

// What a layer reads and writes, with memory around it that kernels may touch but not use.
class Layer {
 public:
  // `height` and `width` are of what it writes; even ones if it doubles its source.
  Layer(const std::vector<int>& sources, int c_out, int height, int width, Sampling sampling = Sampling::kSame)
      : sampling_(sampling), arena_(1 << 22, kNothing) {
    weights_.c_out = c_out;
    const auto sampled = [&](int n) {
      return sampling == Sampling::kPooled ? 2 * n : sampling == Sampling::kUpsampled ? n / 2 : n;
    };
    for (const int channels : sources) {
      weights_.c_in += channels;
      sources_.push_back(filled(rows(channels, sampled(height), sampled(width))));
      filters_.push_back(filters_of(channels, width));
    }
    weights_.pointwise = numbers(std::size_t(c_out) * weights_.c_in, 500);
    out_ = rows(padded_channels(c_out), height, width);
    nothing_ = rows(1, 1, width).data;
    ring_ = rows(weights_.c_in, kRingRows, width).data;
  }

  int height() const { return out_.height; }

  // Whether kernels make every pixel what it is by plain loops, and the sums of all, in pieces that begin at 0 and at
  // each row of `cuts`.
  bool is_made_by(const Kernels& kernels, const std::vector<int>& cuts) {
    SeparableJob job{};
    for (const auto& source : sources_)
      job.sources[job.n_sources] = {source, sampling_, filters_[job.n_sources].data(), source.channels},
      ++job.n_sources;
    std::vector<double> piece_sums(2 * out_.channels), sums(2 * out_.channels);
    job.c_in = weights_.c_in;
    job.pointwise = pack_pointwise(arena_, weights_, kernels);
    job.out = out_;
    job.sums = piece_sums.data();
    job.scratch = {ring_, arena_.take(kStripBytes / sizeof(float)), arena_.take(2 * out_.channels * kernels.lanes),
                   nothing_};
    for (std::size_t piece = 0; piece <= cuts.size(); ++piece) {
      job.y_begin = job.y_end;
      job.y_end = piece < cuts.size() ? cuts[piece] : out_.height;
      kernels.separable(job);
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += piece_sums[i];
    }
    return agrees(kernels.precision) && adds_up(sums);
  }

 private:
  std::vector<float> numbers(std::size_t n, int most) {
    std::uniform_int_distribution<int> any(-most, most);
    std::vector<float> values(n);
    for (auto& value : values) value = static_cast<float>(any(random_));
    return values;
  }

  static int stride_of(int width) { return (width + kCacheLine - 1) / kCacheLine * kCacheLine + kCacheLine; }

  Rows rows(int channels, int height, int width) {
    const int stride = stride_of(width);
    arena_.take(kAlignment);
    return {arena_.take(std::size_t(channels) * height * stride), height, width, channels, stride};
  }

  Rows filled(const Rows& rows) {
    for (int row = 0; row < rows.height * rows.channels; ++row)
      for (int x = 0; x < rows.width; ++x) rows.data[row * rows.stride + x] = numbers(1, 40 / gain_of(sampling_))[0];
    return rows;
  }

  std::vector<Filter> filters_of(int channels, int width) {
    const int gain = gain_of(sampling_);
    std::vector<Filter> filters(channels);
    for (int c = 0; c < channels; ++c) {
      for (auto& tap : filters[c].taps) tap = numbers(1, 3)[0];
      filters[c].start = numbers(1, 50)[0];
      filters[c].floor = static_cast<float>(gain) * numbers(1, 20 / gain)[0];
      filters[c].offset = std::ptrdiff_t{c} * stride_of(width);
    }
    return filters;
  }

  // Pixel (y, x) as the layer sees it: as it is, the sum of 2 x 2, or 16 times what lies between four.
  float sampled(const Rows& rows, int channel, float floor, int y, int x) const {
    const auto at = [&](int row, int column) {
      const int r = std::clamp(row, 0, rows.height - 1), c = std::clamp(column, 0, rows.width - 1);
      return std::fmax(rows.row(r)[channel * rows.stride + c], floor / static_cast<float>(gain_of(sampling_)));
    };
    if (sampling_ == Sampling::kSame) return at(y, x);
    if (sampling_ == Sampling::kPooled)
      return at(2 * y, 2 * x) + at(2 * y, 2 * x + 1) + at(2 * y + 1, 2 * x) + at(2 * y + 1, 2 * x + 1);
    const int far_y = y / 2 + (y % 2 == 0 ? -1 : 1), far_x = x / 2 + (x % 2 == 0 ? -1 : 1);
    return 9 * at(y / 2, x / 2) + 3 * at(far_y, x / 2) + 3 * at(y / 2, far_x) + at(far_y, far_x);
  }

  float filtered(const Rows& rows, const Filter& filter, int channel, int y, int x) const {
    float sum = filter.start;
    for (int k = 0; k < 9; ++k) {
      const int row = y + k / 3 - 1, column = x + k % 3 - 1;
      const bool inside = row >= 0 && row < out_.height && column >= 0 && column < out_.width;
      sum += filter.taps[k] * (inside ? sampled(rows, channel, filter.floor, row, column) : filter.floor);
    }
    return sum;
  }

  static float multiplied(float x, Precision precision) {
    if (precision == Precision::kFloat32 || x == 0) return x;
    const float last_bit = std::ldexp(1.0F, std::ilogb(x) - 7);
    return std::nearbyint(x / last_bit) * last_bit;
  }

  float expected(int channel, int y, int x, Precision precision) const {
    float sum = 0;
    const float* weight = weights_.pointwise.data() + std::ptrdiff_t{channel} * weights_.c_in;
    for (std::size_t s = 0; s < sources_.size(); ++s)
      for (int c = 0; c < sources_[s].channels; ++c)
        sum += multiplied(filtered(sources_[s], filters_[s][c], c, y, x), precision) * multiplied(*weight++, precision);
    return sum;
  }

  bool agrees(Precision precision) const {
    for (int y = 0; y < out_.height; ++y)
      for (int c = 0; c < out_.channels; ++c)
        for (int x = 0; x < out_.width; ++x)
          if (out_.row(y)[c * out_.stride + x] != (c < weights_.c_out ? expected(c, y, x, precision) : 0)) return false;
    return true;
  }

  // As far as float32 can add up squares.
  bool adds_up(const std::vector<double>& sums) const {
    for (int c = 0; c < weights_.c_out; ++c) {
      double sum = 0, squares = 0;
      for (int y = 0; y < out_.height; ++y)
        for (int x = 0; x < out_.width; ++x) {
          const double value = out_.row(y)[c * out_.stride + x];
          sum += value, squares += value * value;
        }
      const double pixels = static_cast<double>(out_.height) * out_.width;
      if (std::fabs(sums[2 * c + 1] - squares) > 1e-5 * squares) return false;
      if (std::fabs(sums[2 * c] - sum) > 1e-5 * std::sqrt(squares * pixels)) return false;
    }
    return true;
  }

  Sampling sampling_;
  std::mt19937 random_{1};
  Arena arena_;
  Separable weights_{};
  std::vector<Rows> sources_;
  std::vector<std::vector<Filter>> filters_;
  Rows out_{};
  const float* nothing_ = nullptr;
  float* ring_ = nullptr;
};

}  // namespace whole_numbers
