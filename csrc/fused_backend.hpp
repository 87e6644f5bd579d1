#pragma once

#include <memory>
#include <string>

#include "backend.hpp"
#include "fused/image_executor.hpp"

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

}  // namespace sonolucent
