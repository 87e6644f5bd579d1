#pragma once

#include <cstdint>
#include <limits>

#include "jobs.hpp"

namespace sonolucent::fused {

// What pixels mean: grey = pixel / range + offset within low..high, and back. An undefined pixel (NaN) is `low`.
struct Units {
  float range, offset, low, high;

  float pixel(float grey) const { return (grey - offset) * range; }
};

// Decibels within [-range, 0] as grey values 0..1.
constexpr Units decibels(float range_db) { return {range_db, 1, 0, 1}; }
// Grey values as they are.
constexpr Units kGrey{1, 0, -std::numeric_limits<float>::max(), std::numeric_limits<float>::max()};

// Throws std::runtime_error: no network takes an image of this size.
void check_size(std::int64_t n_z, std::int64_t n_x);

// Rows y_begin..y_end of an image (n_z, n_x) as grey values, mirrored at the far edges.
void read_grey(const float* image, int n_z, int n_x, const Units& units, const Rows& grey, int y_begin, int y_end);

}  // namespace sonolucent::fused
