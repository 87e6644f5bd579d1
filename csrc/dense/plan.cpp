#include "plan.hpp"

#include <algorithm>

#include "pack.hpp"

namespace sonolucent::dense {

using fused::Arena;

Plan::Plan(const Network& network, const Kernels& kernels, int threads, int n_z, int n_x)
    : threads_(threads),
      channels_a_lane_(fused::channels_a_lane(kernels.precision)),
      pieces_(n_z, n_x, network.depth),
      arena_(measured(network, kernels), 0) {
  lay_out(arena_, network, kernels);
}

std::size_t Plan::measured(const Network& network, const Kernels& kernels) {
  Arena nothing;
  lay_out(nothing, network, kernels);
  return nothing.taken();
}

void Plan::lay_out(Arena& arena, const Network& network, const Kernels& kernels) {
  const int height = pieces_.height(0), width = pieces_.width(0);
  grey_ = {arena.take(static_cast<std::size_t>(height) * width), height, width, 1, width};
  lay_out_steps(arena, network, kernels);
  float* const head = arena.take(last().map.channels + kSlack);
  for (int c = 0; head != nullptr && c < static_cast<int>(network.head.size()); ++c)
    head[last().map.place_of_factor(c)] = network.head[c];
  head_ = head;
  lay_out_scratch(arena);
}

void Plan::lay_out_steps(Arena& arena, const Network& network, const Kernels& kernels) {
  const int depth = network.depth, width = network.layers[0].c_out;
  std::size_t shared = 0;
  std::vector<float*> kept(depth + 1);
  for (int level = 0; level <= depth; ++level) {
    kept[level] = arena.take(floats(level, width << level));
    shared = std::max(shared, floats(level, width << level));
  }
  float* const shared_a = arena.take(shared);
  float* const shared_b = arena.take(shared);

  steps_.clear();
  std::vector<Feature> skips(depth + 1);
  const auto add = [&](int level, float* data, std::vector<Input> inputs) {
    const int layer = static_cast<int>(steps_.size());
    const auto& weights = network.layers[layer];
    const Map out = map(level, weights.c_out, data);
    auto* const sums = reinterpret_cast<double*>(
        arena.take(sizeof(double) / sizeof(float) * 2 * out.channels * static_cast<std::size_t>(pieces_.count())));
    const Feature feature{out, layer, sums};
    const int lanes = packed_lanes(weights, static_cast<int>(inputs.size()), kernels);
    const float* const packed = pack_weights(arena, weights, static_cast<int>(inputs.size()), kernels);
    steps_.push_back({level, std::move(inputs), feature, lanes, packed});
    return feature;
  };
  Feature feature = add(0, shared_a, {});
  feature = add(0, kept[0], {{feature, Sampling::kSame}});
  for (int level = 1; level <= depth; ++level) {
    skips[level - 1] = feature;
    feature = add(level, shared_a, {{feature, Sampling::kPooled}});
    feature = add(level, kept[level], {{feature, Sampling::kSame}});
  }
  for (int level = depth - 1; level >= 0; --level) {
    feature = add(level, shared_a, {{feature, Sampling::kUpsampled}});
    feature = add(level, shared_b, {{feature, Sampling::kSame}, {skips[level], Sampling::kSame}});
    feature = add(level, kept[level], {{feature, Sampling::kSame}});
  }
}

void Plan::lay_out_scratch(Arena& arena) {
  std::size_t row = 0, channels = 0;
  for (const auto& step : steps_) {
    row = std::max(row, static_cast<std::size_t>(packed_pixels(step.out.map.width)) * step.lanes);
    channels = std::max(channels, static_cast<std::size_t>(step.out.map.channels));
  }
  row += kSlack;
  const float* const nothing = arena.take(row);
  scratch_.clear();
  for (int i = 0; i < threads_; ++i) {
    float* const ring = arena.take(kRingRows * row);
    float* const sums = arena.take(2 * channels);
    float* const norms = arena.take(4 * channels + kSlack);
    scratch_.push_back({ring, sums, {norms, norms + 2 * channels}, {norms + channels, norms + 3 * channels}, nothing});
  }
}

Map Plan::map(int level, int channels, float* data) const {
  const int whole = whole_blocks(channels);
  return {data, pieces_.height(level), pieces_.width(level), whole, whole / channels_a_lane_};
}

std::size_t Plan::floats(int level, int channels) const {
  const Map map = this->map(level, channels, nullptr);
  // The last pixel is read as a whole vector.
  return static_cast<std::size_t>(map.height) * map.width * map.lanes + kSlack;
}

}  // namespace sonolucent::dense
