#pragma once

#include <cstddef>
#include <limits>

#include "always_inline.hpp"

namespace sonolucent::fused {

// What surrounds an image in memory: below every floor, so that clamping to the floor makes it the padding.
constexpr float kNothing = std::numeric_limits<float>::lowest();

// A feature map, row-planar: T[y][c][x]. A channel's row takes `stride` floats: `width` pixels, then at least
// kAlignment of kNothing. As many lie before the first row, so that every row has kNothing on both sides.
struct Rows {
  float* data;
  int height, width, channels, stride;

  ALWAYS_INLINE float* row(int y) const { return data + static_cast<std::ptrdiff_t>(y) * channels * stride; }
};

// The depth-wise filter of one input channel with the normalisation before it folded in. Normalised and rectified, a
// stored value x is scale * max(x, floor) + shift; the taps hold the scale, `start` is shift times their sum.
struct Filter {
  float taps[9];
  float start, floor;
  std::ptrdiff_t offset;  // of the channel within a row
};

// How a layer sees the rows that another one wrote: as they are, averaged 2 x 2, or bilinearly doubled. Sampled rows
// are sums, not means: `gain_of` times too large.
enum class Sampling { kSame, kPooled, kUpsampled };
constexpr int gain_of(Sampling sampling) {
  return sampling == Sampling::kPooled ? 4 : sampling == Sampling::kUpsampled ? 16 : 1;
}

struct Source {
  Rows rows;
  Sampling sampling;
  const Filter* filters;
  int channels;
};

// Memory of one thread.
struct Scratch {
  float* ring;           // kRingRows rows of a sampled source
  float* filtered;       // depth-wise filtered pixels of one strip
  float* lane_sums;      // [channel][sum, sum of squares][lane]
  const float* nothing;  // a row of kNothing
};

constexpr int kCacheLine = 16;  // floats
constexpr int kRowsAtOnce = 2;
static_assert(kRowsAtOnce % 2 == 0, "pieces begin at even rows, which doubled rows need");
constexpr int kRingRows = 4;  // a power of two, at least kRowsAtOnce + 2
// What a strip keeps between the two convolutions. Beyond a first cache, but whole rows stream better from the last.
constexpr int kStripBytes = 48 * 1024;

// Rows y_begin..y_end of a depth-wise separable 3x3 convolution of the concatenated sources. y_begin is even: doubled
// rows are made in pairs.
struct SeparableJob {
  Source sources[2];
  int n_sources, c_in;
  const float* pointwise;  // [c_out / tile][lanes of c_in][tile]
  Rows out;
  double* sums;  // [channel][sum, sum of squares] over these rows, set
  int y_begin, y_end;
  Scratch scratch;
};

// Rows of the first depth-wise convolution: `out` holds its plane and the negated one, `sums` those of the plane. Zeros
// surround `grey`, which has rows -1 and `height`.
struct FirstJob {
  Rows grey, out;
  Filter filter;
  double* sums;
  int y_begin, y_end;
  Scratch scratch;
};

// Rows of the image: grey + bias + sum of weights * max(x, floor) over the channels, clipped after conversion.
struct HeadJob {
  Rows grey, features;
  const float* weights;
  const float* floors;
  float bias;
  float* image;
  int image_width;
  float scale, offset, low, high;
  int y_begin, y_end;
  Scratch scratch;
};

}  // namespace sonolucent::fused
