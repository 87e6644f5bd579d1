#include "fold.hpp"

#include <cmath>

namespace sonolucent::dense {
namespace {

constexpr double kEpsilon = 1e-5;

}  // namespace

void fold_norm(const Network& network, const Feature& feature, int pieces, float* scale, float* shift) {
  const auto& layer = network.layers[feature.layer];
  const double pixels = static_cast<double>(feature.map.height) * feature.map.width;
  for (int c = 0; c < feature.map.channels; ++c) {
    const int at = feature.map.place_of_factor(c);
    scale[at] = shift[at] = 0;
    if (c >= layer.c_out) continue;
    double sum = 0, squares = 0;
    for (int i = 0; i < pieces; ++i) {
      sum += feature.sums_of(i)[2 * c];
      squares += feature.sums_of(i)[2 * c + 1];
    }
    const double mean = sum / pixels, variance = squares / pixels - mean * mean;
    const double factor = layer.gamma[c] / std::sqrt((variance < 0 ? 0 : variance) + kEpsilon);
    scale[at] = static_cast<float>(factor);
    shift[at] = static_cast<float>(layer.beta[c] - mean * factor);
  }
}

}  // namespace sonolucent::dense
