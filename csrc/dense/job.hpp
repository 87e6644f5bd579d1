#pragma once

#include <cstddef>

#include "fused/always_inline.hpp"
#include "fused/jobs.hpp"

namespace sonolucent::dense {

using fused::Rows;
using fused::Sampling;

constexpr int kBlock = 16;  // channels, and pixels, that are computed together

constexpr int whole_blocks(int n) { return (n + kBlock - 1) / kBlock * kBlock; }

// A feature map before normalisation, pixel by pixel: T[y][x][lane], whole blocks of channels. A lane holds one channel
// in float32, or two neighbouring ones in bfloat16, the even one in its low half.
struct Map {
  float* data;
  int height, width, channels, lanes;

  // Where the factor of a channel lies: those of all even channels come before those of all odd ones where a lane holds
  // two.
  int place_of_factor(int channel) const { return lanes == channels ? channel : channel % 2 * lanes + channel / 2; }
  ALWAYS_INLINE float* pixel(int y, int x) const { return data + (static_cast<std::ptrdiff_t>(y) * width + x) * lanes; }
};

// A map as a layer sees it: normalised to max(scale * x + shift, 0) by channel, then sampled. Factors lie where
// the map says.
struct Source {
  Map map;
  Sampling sampling;
  const float* scale;
  const float* shift;
};

// Memory of one thread.
struct Scratch {
  float* ring;       // kRingRows rows of packed pixels
  float* lane_sums;  // [sum, sum of squares][channel]
  float* scale[2];   // of the channels of each source
  float* shift[2];
  const float* nothing;  // a packed row of zeros
};

constexpr int kRowsAtOnce = fused::kRowsAtOnce;
constexpr int kRingRows = 4;  // a power of two, at least kRowsAtOnce + 2

// Packed pixels of a row: one more on both sides, whole blocks between.
constexpr int packed_pixels(int width) { return whole_blocks(width) + 2; }

// Rows y_begin..y_end of a 3x3 convolution of the concatenated sources, or of grey values where there are none.
struct ConvolutionJob {
  Source sources[2];
  int n_sources;
  Rows grey;
  int lanes;             // of a packed pixel
  const float* weights;  // [block of c_out][3 x 3][lane][kBlock]
  Map out;
  double* sums;  // [channel][sum, sum of squares] over these rows, set
  int y_begin, y_end;
  Scratch scratch;
};

// Rows of the image: grey + bias + sum of weights * max(scale * x + shift, 0), clipped after conversion.
struct HeadJob {
  Rows grey;
  Source features;
  const float* weights;  // as the source's factors
  float bias;
  float* image;
  int image_width;
  float range, offset, low, high;
  int y_begin, y_end;
};

}  // namespace sonolucent::dense
