#include "fold.hpp"

#include <cmath>
#include <cstddef>

namespace sonolucent::fused {
namespace {

constexpr double kEpsilon = 1e-5;
constexpr double kLeastScale = 1e-20;  // instead of 0, which would have no floor; adds less than any rounding

// Normalised and rectified, a stored value x is scale * max(x, floor) + shift, which is 0 below the floor.
struct Normalization {
  double scale, shift;
  float floor;
};

Normalization normalization(double scale, double beta, double mean) {
  const double used = scale < kLeastScale ? kLeastScale : scale;
  const auto floor = static_cast<float>(mean - beta / used);
  return {used, -used * floor, floor};
}

struct Moments {
  double mean, variance;
};

Moments moments(const Feature& feature, int pieces, int channel) {
  double sum = 0, squares = 0;
  for (int i = 0; i < pieces; ++i) {
    sum += feature.sums_of(i)[2 * channel];
    squares += feature.sums_of(i)[2 * channel + 1];
  }
  const double pixels = static_cast<double>(feature.rows.height) * feature.rows.width;
  const double mean = sum / pixels, variance = squares / pixels - mean * mean;
  return {mean, variance < 0 ? 0 : variance};
}

Normalization of_channel(const Network& network, const Feature& feature, int pieces, int channel) {
  const auto& layer = network.layers[feature.layer];
  const double gamma = layer.gamma[channel], beta = layer.beta[channel];
  if (feature.layer > 0) {
    const auto [mean, variance] = moments(feature, pieces, channel);
    return normalization(gamma / std::sqrt(variance + kEpsilon), beta, mean);
  }
  // The first layer's channels are multiples of one plane, which is there in both signs.
  const auto [mean, variance] = moments(feature, pieces, 0);
  const double weight = layer.pointwise[channel], size = std::abs(weight);
  return normalization(gamma * size / std::sqrt(size * size * variance + kEpsilon), beta, weight < 0 ? -mean : mean);
}

Filter filter(const float* taps, const Normalization& norm, int gain, std::ptrdiff_t offset) {
  Filter folded{};
  double sum = 0;
  for (int k = 0; k < 9; ++k) {
    folded.taps[k] = static_cast<float>(taps[k] * norm.scale / gain);
    sum += taps[k];
  }
  folded.start = static_cast<float>(sum * norm.shift);
  folded.floor = norm.floor * static_cast<float>(gain);
  folded.offset = offset;
  return folded;
}

}  // namespace

void fold_filters(const Network& network, const Step& step, int pieces, std::vector<Filter>& filters) {
  const auto& layer = network.layers[step.out.layer];
  filters.resize(layer.c_in);
  Filter* folded = filters.data();
  const float* taps = layer.depthwise.data();
  for (const auto& input : step.inputs) {
    const auto& producer = network.layers[input.feature.layer];
    for (int c = 0; c < producer.c_out; ++c, taps += 9) {
      const int row = input.feature.layer > 0 ? c : producer.pointwise[c] < 0;
      *folded++ = filter(taps, of_channel(network, input.feature, pieces, c), gain_of(input.sampling),
                         static_cast<std::ptrdiff_t>(row) * step.out.rows.stride);
    }
  }
}

void fold_head(const Network& network, const Feature& last, int pieces, Head& head) {
  head.weights.assign(last.rows.channels, 0);
  head.floors.assign(last.rows.channels, 0);
  double bias = network.head_bias;
  for (int c = 0; c < network.layers[last.layer].c_out; ++c) {
    const Normalization norm = of_channel(network, last, pieces, c);
    head.weights[c] = static_cast<float>(network.head[c] * norm.scale);
    head.floors[c] = norm.floor;
    bias += network.head[c] * norm.shift;
  }
  head.bias = static_cast<float>(bias);
}

}  // namespace sonolucent::fused
