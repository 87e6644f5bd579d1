#include "pack.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sonolucent::fused {
namespace {

constexpr int kChannelMultiple = 8;  // of every kernel's tile

// A pair of bfloat16 is no number as a float, and so only copied.
void put_pair(float even, float odd, float* lane) {
  std::uint32_t low, high;
  std::memcpy(&low, &even, sizeof(low));
  std::memcpy(&high, &odd, sizeof(high));
  const std::uint32_t pair = rounded_to_bfloat16(low) >> 16 | rounded_to_bfloat16(high);
  std::memcpy(lane, &pair, sizeof(pair));
}

}  // namespace

int padded_channels(int channels) { return (channels + kChannelMultiple - 1) / kChannelMultiple * kChannelMultiple; }

const float* pack_pointwise(Arena& arena, const Separable& layer, const Kernels& kernels) {
  const int c_out = padded_channels(layer.c_out), tile = kernels.tile_channels;
  const int each = channels_a_lane(kernels.precision), lanes = lanes_of(kernels.precision, layer.c_in);
  float* const packed = arena.take(static_cast<std::size_t>(c_out) * lanes);
  if (packed == nullptr) return packed;
  const auto weight = [&layer](int o, int i) {
    const bool there = o < layer.c_out && i < layer.c_in;
    return there ? layer.pointwise[static_cast<std::size_t>(o) * layer.c_in + i] : 0.0F;
  };
  float* next = packed;
  for (int begin = 0; begin < c_out; begin += tile)
    for (int i = 0; i < layer.c_in; i += each)
      for (int o = begin; o < begin + tile; ++o, ++next)
        if (each == 2)
          put_pair(weight(o, i), weight(o, i + 1), next);
        else
          *next = weight(o, i);
  return packed;
}

}  // namespace sonolucent::fused
