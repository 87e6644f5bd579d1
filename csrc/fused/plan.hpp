#pragma once

#include <cstddef>
#include <vector>

#include "arena.hpp"
#include "jobs.hpp"
#include "kernels.hpp"
#include "network.hpp"
#include "pieces.hpp"

namespace sonolucent::fused {

// The rows that layer number `layer` writes, with their sums, [piece][channel][sum, sum of squares].
struct Feature {
  Rows rows;
  int layer;
  double* sums;
  std::ptrdiff_t sums_stride;

  double* sums_of(int piece) const { return sums + sums_stride * piece; }
};

struct Input {
  Feature feature;
  Sampling sampling;
};

// One layer at work: what it reads (concatenated), writes, and its weights packed for the kernels.
struct Step {
  int level;
  std::vector<Input> inputs;
  Feature out;
  const float* pointwise;
};

// Memory and order of work of a network for one size of image: made once, then run frame after frame.
//
// Maps are stored before normalisation. Each level keeps one, the skip connection, which the level's last layer
// overwrites; two more serve all levels in turn.
class Plan {
 public:
  // Throws std::runtime_error when the image is too small to be mirrored or to be normalised at the deepest level.
  Plan(const Network& network, const Kernels& kernels, int threads, int n_z, int n_x);

  const Pieces& pieces() const { return pieces_; }
  const Rows& grey() const { return grey_; }
  const Feature& planes() const { return planes_; }
  const std::vector<Step>& steps() const { return steps_; }
  const Feature& last() const { return steps_.back().out; }
  const Scratch& scratch(int thread) const { return scratch_[thread]; }

 private:
  std::size_t measured(const Network& network, const Kernels& kernels);
  void lay_out(Arena& arena, const Network& network, const Kernels& kernels);
  void lay_out_steps(Arena& arena, const Network& network, const Kernels& kernels);
  void lay_out_scratch(Arena& arena, const Network& network, const Kernels& kernels);
  Feature feature(Arena& arena, int layer, const Rows& rows) const;
  Rows rows(int level, int channels, float* data) const;
  std::size_t floats(int level, int channels) const;

  int threads_;
  Pieces pieces_;
  Rows grey_;
  Feature planes_;
  std::vector<Step> steps_;
  std::vector<Scratch> scratch_;
  Arena arena_;
};

}  // namespace sonolucent::fused
