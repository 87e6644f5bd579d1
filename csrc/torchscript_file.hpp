#pragma once

#include <torch/csrc/jit/api/module.h>

#include <filesystem>

#include "fused_unet.hpp"

namespace sonolucent {

// What a `.ts` file holds: a plain graph, and the network for the fused kernels if it is a light one (nn/export.py).
struct TorchScriptFile {
  torch::jit::Module graph;  // frozen
  c10::intrusive_ptr<FusedUNet> fused;
};

// Throws std::invalid_argument: the file is broken or no network.
TorchScriptFile load_torchscript(const std::filesystem::path& path, const at::Device& device);

}  // namespace sonolucent
