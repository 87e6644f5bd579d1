#pragma once

// One separable layer of whole numbers, small enough that every sum is exact in float32: whatever the order of the
// additions, kernels must make what plain loops make, to the last bit.

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
  Layer(const std::vector<int>& sources, int c_out, int height, int width) : arena_(1 << 21, kNothing) {
    weights_.c_out = c_out;
    for (const int channels : sources) {
      weights_.c_in += channels;
      sources_.push_back(filled(rows(channels, height, width)));
      filters_.push_back(filters_of(sources_.back()));
    }
    weights_.pointwise = numbers(std::size_t(c_out) * weights_.c_in, 500);
    out_ = rows(padded_channels(c_out), height, width);
    nothing_ = rows(1, 1, width).data;
  }

  // Whether kernels make every pixel what it is by plain loops.
  bool is_made_by(const Kernels& kernels) {
    SeparableJob job{};
    for (const auto& source : sources_)
      job.sources[job.n_sources] = {source, Sampling::kSame, filters_[job.n_sources].data(), source.channels},
      ++job.n_sources;
    std::vector<double> sums(2 * out_.channels);
    job.c_in = weights_.c_in;
    job.pointwise = pack_pointwise(arena_, weights_, kernels);
    job.out = out_;
    job.sums = sums.data();
    job.y_end = out_.height;
    job.scratch = {nullptr, arena_.take(kStripBytes / sizeof(float)), arena_.take(2 * out_.channels * kernels.lanes),
                   nothing_};
    kernels.separable(job);
    return agrees(kernels.precision);
  }

 private:
  std::vector<float> numbers(std::size_t n, int most) {
    std::uniform_int_distribution<int> any(-most, most);
    std::vector<float> values(n);
    for (auto& value : values) value = static_cast<float>(any(random_));
    return values;
  }

  Rows rows(int channels, int height, int width) {
    const int stride = (width + kCacheLine - 1) / kCacheLine * kCacheLine + kCacheLine;
    arena_.take(kAlignment);
    return {arena_.take(std::size_t(channels) * height * stride), height, width, channels, stride};
  }

  Rows filled(const Rows& rows) {
    for (int row = 0; row < rows.height * rows.channels; ++row)
      for (int x = 0; x < rows.width; ++x) rows.data[row * rows.stride + x] = numbers(1, 40)[0];
    return rows;
  }

  std::vector<Filter> filters_of(const Rows& rows) {
    std::vector<Filter> filters(rows.channels);
    for (int c = 0; c < rows.channels; ++c) {
      for (auto& tap : filters[c].taps) tap = numbers(1, 3)[0];
      filters[c].start = numbers(1, 50)[0];
      filters[c].floor = numbers(1, 20)[0];
      filters[c].offset = std::ptrdiff_t{c} * rows.stride;
    }
    return filters;
  }

  static float filtered(const Rows& rows, const Filter& filter, int y, int x) {
    float sum = filter.start;
    for (int k = 0; k < 9; ++k) {
      const int row = y + k / 3 - 1, column = x + k % 3 - 1;
      const bool inside = row >= 0 && row < rows.height && column >= 0 && column < rows.width;
      sum += filter.taps[k] * std::fmax(inside ? rows.row(row)[filter.offset + column] : filter.floor, filter.floor);
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
      for (const auto& filter : filters_[s])
        sum += multiplied(filtered(sources_[s], filter, y, x), precision) * multiplied(*weight++, precision);
    return sum;
  }

  bool agrees(Precision precision) const {
    for (int y = 0; y < out_.height; ++y)
      for (int c = 0; c < out_.channels; ++c)
        for (int x = 0; x < out_.width; ++x)
          if (out_.row(y)[c * out_.stride + x] != (c < weights_.c_out ? expected(c, y, x, precision) : 0)) return false;
    return true;
  }

  std::mt19937 random_{1};
  Arena arena_;
  Separable weights_{};
  std::vector<Rows> sources_;
  std::vector<std::vector<Filter>> filters_;
  Rows out_{};
  const float* nothing_ = nullptr;
};

}  // namespace whole_numbers
