#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "fold.hpp"
#include "kernels.hpp"
#include "network.hpp"
#include "plan.hpp"
#include "shares.hpp"
#include "team.hpp"

namespace sonolucent::fused {

// What pixels mean: grey = pixel / range + offset within low..high, and back. An undefined pixel (NaN) is `low`.
struct Units {
  float range, offset, low, high;
};

// Decibels within [-range, 0] as grey values 0..1.
constexpr Units decibels(float range_db) { return {range_db, 1, 0, 1}; }
// Grey values as they are.
constexpr Units kGrey{1, 0, -std::numeric_limits<float>::max(), std::numeric_limits<float>::max()};

// Runs a light U-Net image after image in the team of the calling thread; nothing is allocated unless the size changes.
// One image at a time: calls from several threads must take turns.
class Executor {
 public:
  Executor(std::shared_ptr<const Network> network, const Kernels& kernels, int threads);

  // Both images are (n_z, n_x), contiguous. Throws std::runtime_error: the image is too small for the network;
  // std::system_error, which is one: the system starts no more threads.
  void run(const float* image, float* out, int64_t n_z, int64_t n_x, const Units& units);

 private:
  struct Frame {
    const float* image;
    float* out;
    Units units;
    Team& team;
  };

  void run_layers(const Frame& frame, int thread);
  void read_grey(const Frame& frame, int piece);
  void run_first(int piece, int thread);
  void run_step(const Step& step, int piece, int thread);
  void run_head(const Frame& frame, int piece, int thread);

  std::shared_ptr<const Network> network_;
  const Kernels& kernels_;
  const int threads_;
  std::unique_ptr<Plan> plan_;
  std::unique_ptr<Shares> shares_;
  std::vector<std::vector<Filter>> filters_;  // of each thread
  std::vector<Head> heads_;
};

}  // namespace sonolucent::fused
