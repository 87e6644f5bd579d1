#include "plan.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "pack.hpp"

namespace sonolucent::fused {
namespace {

// Odd numbers of vectors, so that rows of few channels never lie a multiple of 4 KiB apart and compete for the same
// cache sets; the narrowest would only grow by it.
int stride_of(int width) {
  constexpr int vector = static_cast<int>(kAlignment);
  const int vectors = (width + vector - 1) / vector + 1;
  return (vectors == 2 ? 2 : vectors | 1) * vector;
}

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

// A piece with kNothing before it.
float* take_rows(Arena& arena, std::size_t floats) {
  float* const piece = arena.take(kAlignment + floats);
  return piece == nullptr ? nullptr : piece + kAlignment;
}

// Rows with a row of zeros on all sides.
float* take_framed(Arena& arena, int height, int stride) {
  const std::size_t floats = static_cast<std::size_t>(height + 2) * stride;
  float* const piece = take_rows(arena, floats);
  if (piece == nullptr) return piece;
  std::fill_n(piece - kAlignment, kAlignment + floats, 0.0F);
  return piece + stride;
}

}  // namespace

Plan::Plan(const Network& network, const Kernels& kernels, int threads, int n_z, int n_x)
    : depth_(network.depth),
      threads_(threads),
      n_z_(n_z),
      n_x_(n_x),
      height_(padded_size(n_z, depth_)),
      width_(padded_size(n_x, depth_)),
      pieces_(std::min(kMostPieces, rows_at_once_in(height_ >> depth_))),
      arena_(measured(network, kernels), kNothing) {
  if ((height_ >> depth_) * (width_ >> depth_) == 1)
    throw std::runtime_error("an image of " + std::to_string(n_z) + " x " + std::to_string(n_x) +
                             " pixels is too small: the deepest level would have a single one to normalise");
  lay_out(arena_, network, kernels);
}

int Plan::piece_begin(int level, int piece) const {
  const int deepest = height_ >> depth_;
  const auto begins = static_cast<int64_t>(rows_at_once_in(deepest));
  return std::min(static_cast<int>(begins * piece / pieces_) * kRowsAtOnce, deepest) << (depth_ - level);
}

std::size_t Plan::measured(const Network& network, const Kernels& kernels) {
  Arena nothing;
  lay_out(nothing, network, kernels);
  return nothing.taken();
}

void Plan::lay_out(Arena& arena, const Network& network, const Kernels& kernels) {
  const int stride = stride_of(width_);
  grey_ = {take_framed(arena, height_, stride), height_, width_, 1, stride};
  float* const planes = take_rows(arena, std::size_t{2} * height_ * stride);
  planes_ = feature(arena, 0, {planes, height_, width_, 2, stride});
  lay_out_steps(arena, network, kernels);
  lay_out_scratch(arena, network, kernels);
}

void Plan::lay_out_steps(Arena& arena, const Network& network, const Kernels& kernels) {
  const int width = network.layers[1].c_out;
  std::vector<float*> kept(depth_ + 1);
  for (int level = 0; level <= depth_; ++level) kept[level] = take_rows(arena, floats(level, width << level));
  float* const shared_a = take_rows(arena, floats(0, width));
  float* const shared_b = take_rows(arena, floats(0, width));

  steps_.clear();
  std::vector<Feature> skips(depth_ + 1);
  const auto add = [&](int level, float* data, std::vector<Input> inputs) {
    const int layer = static_cast<int>(steps_.size()) + 1;
    const auto& weights = network.layers[layer];
    const Feature out = feature(arena, layer, rows(level, weights.c_out, data));
    steps_.push_back({level, std::move(inputs), out, pack_pointwise(arena, weights, kernels)});
    return out;
  };
  Feature map = add(0, kept[0], {{planes_, Sampling::kSame}});
  for (int level = 1; level <= depth_; ++level) {
    skips[level - 1] = map;
    map = add(level, shared_a, {{map, Sampling::kPooled}});
    map = add(level, kept[level], {{map, Sampling::kSame}});
  }
  for (int level = depth_ - 1; level >= 0; --level) {
    map = add(level, shared_a, {{map, Sampling::kUpsampled}});
    map = add(level, shared_b, {{map, Sampling::kSame}, {skips[level], Sampling::kSame}});
    map = add(level, kept[level], {{map, Sampling::kSame}});
  }
}

void Plan::lay_out_scratch(Arena& arena, const Network& network, const Kernels& kernels) {
  std::size_t ring = 0, filtered = std::max<std::size_t>(kStripBytes / sizeof(float), stride_of(width_));
  std::size_t lane_sums = 0;
  for (const auto& step : steps_) {
    const auto c_in = static_cast<std::size_t>(network.layers[step.out.layer].c_in);
    if (step.inputs[0].sampling != Sampling::kSame) ring = std::max(ring, kRingRows * c_in * step.out.rows.stride);
    filtered = std::max(filtered, c_in * kRowsAtOnce * kernels.lanes);
    lane_sums = std::max(lane_sums, static_cast<std::size_t>(2 * step.out.rows.channels * kernels.lanes));
  }
  const float* const nothing = take_rows(arena, stride_of(width_));
  scratch_.clear();
  for (int i = 0; i < threads_; ++i)
    scratch_.push_back({take_rows(arena, ring), arena.take(filtered), arena.take(lane_sums), nothing});
}

Feature Plan::feature(Arena& arena, int layer, const Rows& rows) const {
  const std::ptrdiff_t stride = 2 * padded_channels(rows.channels);
  float* const sums = arena.take(sizeof(double) / sizeof(float) * stride * pieces_);
  return {rows, layer, reinterpret_cast<double*>(sums), stride};
}

Rows Plan::rows(int level, int channels, float* data) const {
  return {data, height_ >> level, width_ >> level, padded_channels(channels), stride_of(width_ >> level)};
}

std::size_t Plan::floats(int level, int channels) const {
  const Rows map = rows(level, channels, nullptr);
  return static_cast<std::size_t>(map.height) * map.channels * map.stride;
}

}  // namespace sonolucent::fused
