#pragma once

#include <cstddef>
#include <vector>

#include "fused/arena.hpp"
#include "fused/pieces.hpp"
#include "job.hpp"
#include "kernels.hpp"
#include "network.hpp"

namespace sonolucent::dense {

// The map that layer number `layer` writes, with its sums, [piece][channel][sum, sum of squares].
struct Feature {
  Map map;
  int layer;
  double* sums;

  double* sums_of(int piece) const { return sums + static_cast<std::ptrdiff_t>(2) * map.channels * piece; }
};

struct Input {
  Feature feature;
  Sampling sampling;
};

// One layer at work: what it reads (concatenated; grey values where that is nothing), writes, and its packed weights.
struct Step {
  int level;
  std::vector<Input> inputs;
  Feature out;
  int lanes;
  const float* weights;
};

// Memory and order of work of a network for one size of image: made once, then run frame after frame.
//
// Each level keeps one map, the skip connection, which the level's last layer overwrites; two more serve all levels in
// turn.
class Plan {
 public:
  // Throws std::runtime_error when the image is too small to be mirrored or to be normalised at the deepest level.
  Plan(const Network& network, const Kernels& kernels, int threads, int n_z, int n_x);

  const fused::Pieces& pieces() const { return pieces_; }
  const Rows& grey() const { return grey_; }
  const std::vector<Step>& steps() const { return steps_; }
  const Feature& last() const { return steps_.back().out; }
  const float* head() const { return head_; }  // of the channels of the last map
  const Scratch& scratch(int thread) const { return scratch_[thread]; }

 private:
  std::size_t measured(const Network& network, const Kernels& kernels);
  void lay_out(fused::Arena& arena, const Network& network, const Kernels& kernels);
  void lay_out_steps(fused::Arena& arena, const Network& network, const Kernels& kernels);
  void lay_out_scratch(fused::Arena& arena);
  Map map(int level, int channels, float* data) const;
  std::size_t floats(int level, int channels) const;

  int threads_, channels_a_lane_;
  fused::Pieces pieces_;
  Rows grey_;
  std::vector<Step> steps_;
  const float* head_ = nullptr;
  std::vector<Scratch> scratch_;
  fused::Arena arena_;
};

}  // namespace sonolucent::dense
