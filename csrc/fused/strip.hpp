#pragma once

#include <cstddef>
#include <type_traits>

#include "always_inline.hpp"
#include "bfloat16.hpp"
#include "depthwise.hpp"
#include "jobs.hpp"

namespace sonolucent::fused {

// What lies between the two convolutions: R rows of `wide` vectors of each channel, or of each pair of channels, side
// by side; `beyond` pixels at the end of a row are none of the image.
template <class V, Precision precision, int R>
struct Strip {
  static constexpr int kChannels = channels_a_lane(precision);
  using Second = std::conditional_t<kChannels == 2, SecondOfPair, Alone>;

  float* data;
  int wide, beyond;

  ALWAYS_INLINE float* row(int lane, int r) const {
    return data + (static_cast<std::ptrdiff_t>(lane) * R + r) * wide * V::kWidth;
  }

  // Puts a filtered channel, counted over all sources, where it belongs. `in` and `ahead` as `depthwise` takes them.
  // Channels come in order: the second of a pair finds the first in its place.
  ALWAYS_INLINE void filter(int channel, const float* const (&in)[R + 2], const Filter& filter,
                            std::ptrdiff_t ahead) const {
    float* out[R];
    for (int r = 0; r < R; ++r) out[r] = row(channel / kChannels, r);
    if (channel % kChannels == 0)
      depthwise<V, R, Alone>(in, out, wide, filter, ahead);
    else
      depthwise<V, R, Second>(in, out, wide, filter, ahead);
    for (int r = 0; r < R && beyond > 0; ++r) {
      float* const last = out[r] + (wide - 1) * V::kWidth;
      V::load(last).first(V::kWidth - beyond).store(last);
    }
  }

  // Pairs the last of an odd number of channels with zeros.
  ALWAYS_INLINE void complete(int channels) const {
    if (channels % kChannels == 0) return;
    float* const last = row(channels / kChannels, 0);
    for (int i = 0; i < R * wide; ++i) Second::put(V::broadcast(0), last + i * V::kWidth);
  }
};

}  // namespace sonolucent::fused
