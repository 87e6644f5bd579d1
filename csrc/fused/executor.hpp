#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "fold.hpp"
#include "image_executor.hpp"
#include "kernels.hpp"
#include "network.hpp"
#include "plan.hpp"
#include "shares.hpp"
#include "team.hpp"

namespace sonolucent::fused {

// Runs a light U-Net in the team of the calling thread.
class Executor final : public ImageExecutor {
 public:
  Executor(std::shared_ptr<const Network> network, const Kernels& kernels, int threads);

  void run(const float* image, float* out, std::int64_t n_z, std::int64_t n_x, const Units& units) override;

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
