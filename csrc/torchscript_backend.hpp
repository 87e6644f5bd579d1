#pragma once

#include <torch/csrc/jit/api/module.h>

#include <optional>

#include "backend.hpp"

namespace sonolucent {

// A frozen TorchScript graph: any network, on the CPU or a GPU.
class TorchScriptBackend final : public Backend {
 public:
  TorchScriptBackend(torch::jit::Module graph, const at::Device& device, float dynamic_range_db,
                     std::optional<int> threads);

  std::string name() const override { return "torchscript"; }
  void run(const float* image_db, float* out_db, int64_t n_z, int64_t n_x) override;

 private:
  at::Tensor enhanced();

  torch::jit::Module graph_;
  at::Device device_;
  float dynamic_range_db_;
  std::optional<int> threads_;
  at::Tensor grey_;
};

}  // namespace sonolucent
