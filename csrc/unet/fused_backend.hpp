#pragma once

#include <memory>
#include <string>

#include "backend.hpp"
#include "fused/image_executor.hpp"
#include "network_kernels.hpp"

namespace sonolucent {

// A network in the fused kernels, on the CPU.
class FusedBackend final : public Backend {
 public:
  FusedBackend(std::unique_ptr<fused::ImageExecutor> executor, const std::string& kernels, float dynamic_range_db);

  std::string name() const override { return name_; }
  void run(const float* image_db, float* out_db, int64_t n_z, int64_t n_x) override;

 private:
  std::string name_;
  fused::Units units_;
  std::unique_ptr<fused::ImageExecutor> executor_;
};

// The fastest kernels in float32, or those that `options.choice` names: "fused-NAME", or "fused-bf16" for the fastest
// in bfloat16. `options.threads` must be there. Throws std::invalid_argument: no such kernels here.
BackendChoice fused_backend(const AnyNetwork& network, const BackendOptions& options);

}  // namespace sonolucent
