#include "plan.hpp"

#include <algorithm>

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
    : threads_(threads), pieces_(n_z, n_x, network.depth), arena_(measured(network, kernels), kNothing) {
  lay_out(arena_, network, kernels);
}

std::size_t Plan::measured(const Network& network, const Kernels& kernels) {
  Arena nothing;
  lay_out(nothing, network, kernels);
  return nothing.taken();
}

void Plan::lay_out(Arena& arena, const Network& network, const Kernels& kernels) {
  const int height = pieces_.height(0), width = pieces_.width(0), stride = stride_of(width);
  grey_ = {take_framed(arena, height, stride), height, width, 1, stride};
  float* const planes = take_rows(arena, std::size_t{2} * height * stride);
  planes_ = feature(arena, 0, {planes, height, width, 2, stride});
  lay_out_steps(arena, network, kernels);
  lay_out_scratch(arena, network, kernels);
}

void Plan::lay_out_steps(Arena& arena, const Network& network, const Kernels& kernels) {
  const int depth = network.depth, width = network.layers[1].c_out;
  std::vector<float*> kept(depth + 1);
  for (int level = 0; level <= depth; ++level) kept[level] = take_rows(arena, floats(level, width << level));
  float* const shared_a = take_rows(arena, floats(0, width));
  float* const shared_b = take_rows(arena, floats(0, width));

  steps_.clear();
  std::vector<Feature> skips(depth + 1);
  const auto add = [&](int level, float* data, std::vector<Input> inputs) {
    const int layer = static_cast<int>(steps_.size()) + 1;
    const auto& weights = network.layers[layer];
    const Feature out = feature(arena, layer, rows(level, weights.c_out, data));
    steps_.push_back({level, std::move(inputs), out, pack_pointwise(arena, weights, kernels)});
    return out;
  };
  Feature map = add(0, kept[0], {{planes_, Sampling::kSame}});
  for (int level = 1; level <= depth; ++level) {
    skips[level - 1] = map;
    map = add(level, shared_a, {{map, Sampling::kPooled}});
    map = add(level, kept[level], {{map, Sampling::kSame}});
  }
  for (int level = depth - 1; level >= 0; --level) {
    map = add(level, shared_a, {{map, Sampling::kUpsampled}});
    map = add(level, shared_b, {{map, Sampling::kSame}, {skips[level], Sampling::kSame}});
    map = add(level, kept[level], {{map, Sampling::kSame}});
  }
}

void Plan::lay_out_scratch(Arena& arena, const Network& network, const Kernels& kernels) {
  std::size_t ring = 0, filtered = std::max<std::size_t>(kStripBytes / sizeof(float), stride_of(pieces_.width(0)));
  std::size_t lane_sums = 0;
  for (const auto& step : steps_) {
    const auto c_in = static_cast<std::size_t>(network.layers[step.out.layer].c_in);
    if (step.inputs[0].sampling != Sampling::kSame) ring = std::max(ring, kRingRows * c_in * step.out.rows.stride);
    filtered = std::max(filtered, c_in * kRowsAtOnce * kernels.lanes);
    lane_sums = std::max(lane_sums, static_cast<std::size_t>(2 * step.out.rows.channels * kernels.lanes));
  }
  const float* const nothing = take_rows(arena, stride_of(pieces_.width(0)));
  scratch_.clear();
  for (int i = 0; i < threads_; ++i)
    scratch_.push_back({take_rows(arena, ring), arena.take(filtered), arena.take(lane_sums), nothing});
}

Feature Plan::feature(Arena& arena, int layer, const Rows& rows) const {
  const std::ptrdiff_t stride = 2 * padded_channels(rows.channels);
  float* const sums = arena.take(sizeof(double) / sizeof(float) * stride * pieces_.count());
  return {rows, layer, reinterpret_cast<double*>(sums), stride};
}

Rows Plan::rows(int level, int channels, float* data) const {
  return {data, pieces_.height(level), pieces_.width(level), padded_channels(channels),
          stride_of(pieces_.width(level))};
}

std::size_t Plan::floats(int level, int channels) const {
  const Rows map = rows(level, channels, nullptr);
  return static_cast<std::size_t>(map.height) * map.channels * map.stride;
}

}  // namespace sonolucent::fused
