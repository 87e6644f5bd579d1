#include "pieces.hpp"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "jobs.hpp"

namespace sonolucent::fused {
namespace {

// Enough that threads of unequal speed end together, few enough that what a piece begins with (sampled rows, sums)
// costs little.
constexpr int kMostPieces = 24;

int rows_at_once_in(int rows) { return (rows + kRowsAtOnce - 1) / kRowsAtOnce; }

int padded_size(int n, int depth) {
  const int stride = 1 << depth, padded = (n + stride - 1) / stride * stride;
  if (padded - n < n) return padded;
  throw std::runtime_error("an image of " + std::to_string(n) + " pixels is too small to be padded to " +
                           std::to_string(padded) + " by mirroring");
}

}  // namespace

Pieces::Pieces(int n_z, int n_x, int depth)
    : n_z_(n_z),
      n_x_(n_x),
      depth_(depth),
      height_(padded_size(n_z, depth)),
      width_(padded_size(n_x, depth)),
      count_(std::min(kMostPieces, rows_at_once_in(height_ >> depth))) {
  if (height(depth) * width(depth) == 1)
    throw std::runtime_error("an image of " + std::to_string(n_z) + " x " + std::to_string(n_x) +
                             " pixels is too small: the deepest level would have a single one to normalise");
}

int Pieces::begin(int level, int piece) const {
  const int deepest = height(depth_);
  const auto begins = static_cast<std::int64_t>(rows_at_once_in(deepest));
  return std::min(static_cast<int>(begins * piece / count_) * kRowsAtOnce, deepest) << (depth_ - level);
}

}  // namespace sonolucent::fused
