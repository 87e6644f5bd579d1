#pragma once

#include <torch/csrc/jit/api/module.h>

#include <optional>

#include "tensor_backend.hpp"

namespace sonolucent {

// A frozen TorchScript graph: any network, on the CPU or a GPU.
class TorchScriptBackend final : public TensorBackend {
 public:
  TorchScriptBackend(torch::jit::Module graph, const at::Device& device, float dynamic_range_db,
                     std::optional<int> threads);

  std::string name() const override { return "torchscript"; }

 private:
  at::Tensor enhanced(const at::Tensor& grey) override;

  torch::jit::Module graph_;
};

}  // namespace sonolucent
