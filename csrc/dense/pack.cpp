#include "pack.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sonolucent::dense {
namespace {

using fused::channels_a_lane;
using fused::Precision;

std::uint32_t bits(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  return bits;
}

// A pair of bfloat16 is no number as a float, and so only copied.
void put_pair(float even, float odd, float* lane) {
  const std::uint32_t pair = fused::rounded_to_bfloat16(bits(even)) >> 16 | fused::rounded_to_bfloat16(bits(odd));
  std::memcpy(lane, &pair, sizeof(pair));
}

// Where a layer's channels of input lie in a packed pixel: each source begins at a whole block.
struct Places {
  int c_in, n_sources;

  int of_each() const { return c_in / n_sources; }
  int count() const { return n_sources * whole_blocks(of_each()); }
  // The channel at a place, or c_in where there is none.
  int channel(int place) const {
    const int source = place / whole_blocks(of_each()), c = place % whole_blocks(of_each());
    return source < n_sources && c < of_each() ? source * of_each() + c : c_in;
  }
};

}  // namespace

int packed_lanes(const Convolution& layer, int n_sources, const Kernels& kernels) {
  if (n_sources == 0) return 1;
  const int lanes = Places{layer.c_in, n_sources}.count() / channels_a_lane(kernels.precision);
  return (lanes + kernels.lane_multiple - 1) / kernels.lane_multiple * kernels.lane_multiple;
}

const float* pack_weights(fused::Arena& arena, const Convolution& layer, int n_sources, const Kernels& kernels) {
  const int lanes = packed_lanes(layer, n_sources, kernels), c_out = whole_blocks(layer.c_out);
  float* const packed = arena.take(static_cast<std::size_t>(9) * lanes * c_out);
  if (packed == nullptr) return packed;
  const Places places{layer.c_in, n_sources == 0 ? 1 : n_sources};
  const auto weight = [&](int o, int place, int tap) {
    const int i = places.channel(place);
    const bool there = o < layer.c_out && i < layer.c_in;
    return there ? layer.weights[(static_cast<std::size_t>(o) * layer.c_in + i) * 9 + tap] : 0.0F;
  };
  const bool pairs = n_sources > 0 && kernels.precision == Precision::kBfloat16;
  float* next = packed;
  for (int begin = 0; begin < c_out; begin += kBlock)
    for (int tap = 0; tap < 9; ++tap)
      for (int lane = 0; lane < lanes; ++lane)
        for (int o = begin; o < begin + kBlock; ++o, ++next)
          if (pairs)
            put_pair(weight(o, 2 * lane, tap), weight(o, 2 * lane + 1, tap), next);
          else
            *next = weight(o, lane, tap);
  return packed;
}

}  // namespace sonolucent::dense
