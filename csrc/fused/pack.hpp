#pragma once

#include "arena.hpp"
#include "kernels.hpp"
#include "network.hpp"

namespace sonolucent::fused {

// Channels as they are stored and computed, whole tiles of every kernel.
int padded_channels(int channels);

// The pointwise weights as a SeparableJob takes them; channels that fill the last tile, or the last lane, have weight
// 0. Null from an arena without memory.
const float* pack_pointwise(Arena& arena, const Separable& layer, const Kernels& kernels);

}  // namespace sonolucent::fused
