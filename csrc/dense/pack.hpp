#pragma once

#include "fused/arena.hpp"
#include "kernels.hpp"
#include "network.hpp"

namespace sonolucent::dense {

// Beyond a packed row, a map or factors: what the last vector may reach.
constexpr int kSlack = kBlock;

// Lanes of a packed pixel of so many sources with equally many channels each; of grey values where there are none.
int packed_lanes(const Convolution& layer, int n_sources, const Kernels& kernels);

// The weights as a ConvolutionJob takes them; where a block or a pixel is larger than the layer they are 0. Null from
// an arena without memory.
const float* pack_weights(fused::Arena& arena, const Convolution& layer, int n_sources, const Kernels& kernels);

}  // namespace sonolucent::dense
