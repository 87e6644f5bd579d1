#pragma once

#include <cstdint>
#include <memory>

#include "fused/image_executor.hpp"
#include "fused/shares.hpp"
#include "fused/team.hpp"
#include "kernels.hpp"
#include "network.hpp"
#include "plan.hpp"

namespace sonolucent::dense {

// Runs a full U-Net in the team of the calling thread.
class Executor final : public fused::ImageExecutor {
 public:
  Executor(std::shared_ptr<const Network> network, const Kernels& kernels, int threads);

  void run(const float* image, float* out, std::int64_t n_z, std::int64_t n_x, const fused::Units& units) override;

 private:
  struct Frame {
    const float* image;
    float* out;
    fused::Units units;
    fused::Team& team;
  };

  void run_layers(const Frame& frame, int thread);
  void read_grey(const Frame& frame, int piece);
  void run_step(const Step& step, int piece, int thread);
  void run_head(const Frame& frame, int piece, int thread);

  std::shared_ptr<const Network> network_;
  const Kernels& kernels_;
  const int threads_;
  std::unique_ptr<Plan> plan_;
  std::unique_ptr<fused::Shares> shares_;
};

}  // namespace sonolucent::dense
