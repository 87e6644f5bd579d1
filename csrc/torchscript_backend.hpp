#pragma once

#include <torch/csrc/jit/api/module.h>

#include "backend.hpp"

namespace sonolucent {

// A frozen TorchScript graph: any network, on the CPU or a GPU.
class TorchScriptBackend final : public Backend {
 public:
  TorchScriptBackend(const std::filesystem::path& file, const at::Device& device);

  const char* name() const override { return "torchscript"; }
  at::Tensor run(const at::Tensor& grey) override;

 private:
  torch::jit::Module module_;
};

}  // namespace sonolucent
