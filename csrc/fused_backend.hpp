#pragma once

#include <memory>
#include <string>

#include "backend.hpp"
#include "fused/executor.hpp"

namespace sonolucent {

// A light network in the fused kernels, on the CPU.
class FusedBackend final : public Backend {
 public:
  FusedBackend(std::shared_ptr<const fused::Network> network, const fused::Kernels& kernels, int threads,
               float dynamic_range_db);

  std::string name() const override { return name_; }
  void run(const float* image_db, float* out_db, int64_t n_z, int64_t n_x) override;

 private:
  std::string name_;
  fused::Units units_;
  fused::Executor executor_;
};

}  // namespace sonolucent
