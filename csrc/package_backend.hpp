#pragma once

#include <torch/csrc/inductor/aoti_package/model_package_loader.h>

#include <filesystem>
#include <optional>

#include "tensor_backend.hpp"

namespace sonolucent {

// A network compiled ahead of time by AOTInductor (nn/export/aotinductor.py): for one shape of image, one kind of
// device, and processors like the one it was compiled on, threads included.
class PackageBackend final : public TensorBackend {
 public:
  // Throws std::invalid_argument: the file is broken, no package of ours, or for another device.
  PackageBackend(const std::filesystem::path& file, const at::Device& device, float dynamic_range_db,
                 std::optional<int> threads);

  std::string name() const override { return "aotinductor"; }

 private:
  at::Tensor enhanced(const at::Tensor& grey) override;

  std::string shape_;
  std::optional<torch::inductor::AOTIModelPackageLoader> loader_;
};

}  // namespace sonolucent
