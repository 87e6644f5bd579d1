#pragma once

#include <torch/custom_class.h>

#include <memory>
#include <mutex>

#include "fused/executor.hpp"
#include "network_state.hpp"

namespace sonolucent {

// The light network as a TorchScript class, so that a `.ts` file carries it beside the plain graph: built from, and
// pickled as, the state of nn.LightUNet.
class FusedUNet final : public torch::CustomClassHolder {
 public:
  // Throws std::invalid_argument: not the state of a light U-Net.
  explicit FusedUNet(State state);

  const State& state() const { return state_; }
  std::shared_ptr<const fused::Network> network() const { return network_; }

  // Grey values (n, 1, n_z, n_x), float32 on the CPU, to the same, on one thread.
  at::Tensor forward(const at::Tensor& grey);

 private:
  State state_;
  std::shared_ptr<const fused::Network> network_;
  std::unique_ptr<fused::Executor> executor_;
  std::mutex one_call_;
};

}  // namespace sonolucent
