#pragma once

#include "network.hpp"
#include "plan.hpp"

namespace sonolucent::dense {

// The instance norm of a feature as y = scale * x + shift, channel after channel. Ulyanov et al. 2016: y = gamma (x -
// mean) / sqrt(variance + 1e-5) + beta, moments over the pixels of one channel. Both are 0 for padded channels, and lie
// as a Source has them.
void fold_norm(const Network& network, const Feature& feature, int pieces, float* scale, float* shift);

}  // namespace sonolucent::dense
