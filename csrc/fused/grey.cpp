#include "grey.hpp"

#include <stdexcept>
#include <string>

namespace sonolucent::fused {
namespace {

constexpr std::int64_t kMaxPixels = std::int64_t{1} << 28;

int mirrored(int i, int n) { return i < n ? i : 2 * (n - 1) - i; }

}  // namespace

void check_size(std::int64_t n_z, std::int64_t n_x) {
  if (n_z < 1 || n_x < 1 || n_z > kMaxPixels / n_x)
    throw std::runtime_error("no network takes an image of " + std::to_string(n_z) + " x " + std::to_string(n_x));
}

void read_grey(const float* image, int n_z, int n_x, const Units& units, const Rows& grey, int y_begin, int y_end) {
  const float scale = 1 / units.range;
  for (int y = y_begin; y < y_end; ++y) {
    const float* pixels = image + static_cast<std::ptrdiff_t>(mirrored(y, n_z)) * n_x;
    float* const row = grey.row(y);
    for (int x = 0; x < n_x; ++x) {
      const float value = pixels[x] * scale + units.offset;
      const float floored = value > units.low ? value : units.low;  // NaN compares false
      row[x] = floored < units.high ? floored : units.high;
    }
    for (int x = n_x; x < grey.width; ++x) row[x] = row[mirrored(x, n_x)];
  }
}

}  // namespace sonolucent::fused
