#pragma once

#include <torch/csrc/jit/api/module.h>

#include <filesystem>

#include "fused_unet.hpp"

namespace sonolucent {

// What a `.ts` file holds: a plain graph, and the network for the fused kernels if it is one of ours
// (nn/export/torchscript.py).
struct TorchScriptFile {
  std::filesystem::path path;
  torch::jit::Module graph;
  c10::intrusive_ptr<FusedUNet> fused;
};

// Throws std::invalid_argument: the file is broken or no network.
TorchScriptFile load_torchscript(const std::filesystem::path& path, const at::Device& device);

// The plain graph, made fast; that takes longer than loading. Throws as load_torchscript does.
torch::jit::Module frozen(const TorchScriptFile& file);

}  // namespace sonolucent
