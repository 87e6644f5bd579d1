#pragma once

#include <vector>

#include "jobs.hpp"
#include "network.hpp"
#include "plan.hpp"

namespace sonolucent::fused {

// The filters of a step with the instance norms of its inputs folded in, one after another. Ioffe and Szegedy 2015,
// Ulyanov et al. 2016: y = gamma (x - mean) / sqrt(variance + 1e-5) + beta, moments over the pixels of one channel.
void fold_filters(const Network& network, const Step& step, int pieces, std::vector<Filter>& filters);

// The head's weights, floors and bias with the last instance norm folded in.
struct Head {
  std::vector<float> weights, floors;
  float bias;
};
void fold_head(const Network& network, const Feature& last, int pieces, Head& head);

}  // namespace sonolucent::fused
