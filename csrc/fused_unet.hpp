#pragma once

#include <ATen/core/Dict.h>
#include <torch/custom_class.h>

#include <memory>
#include <mutex>

#include "fused/image_executor.hpp"
#include "unet/network_state.hpp"

namespace sonolucent {

// The state of a nn.UNet as TorchScript has it.
using TensorState = c10::Dict<std::string, at::Tensor>;

// A network as a TorchScript class, so that a `.ts` file carries it beside the plain graph: built from, and pickled as,
// the state of nn.UNet.
class FusedUNet final : public torch::CustomClassHolder {
 public:
  // Throws std::invalid_argument: not the state of a U-Net.
  explicit FusedUNet(TensorState state);

  const TensorState& state() const { return state_; }
  const AnyNetwork& network() const { return network_; }

  // Grey values (n, 1, n_z, n_x), float32 on the CPU, to the same, on one thread.
  at::Tensor forward(const at::Tensor& grey);

 private:
  TensorState state_;
  AnyNetwork network_;
  std::unique_ptr<fused::ImageExecutor> executor_;
  std::mutex one_call_;
};

}  // namespace sonolucent
