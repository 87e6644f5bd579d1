#include "fused_backend.hpp"

#include <utility>

namespace sonolucent {

FusedBackend::FusedBackend(std::unique_ptr<fused::ImageExecutor> executor, const std::string& kernels,
                           float dynamic_range_db)
    : name_("fused-" + kernels), units_(fused::decibels(dynamic_range_db)), executor_(std::move(executor)) {}

void FusedBackend::run(const float* image_db, float* out_db, int64_t n_z, int64_t n_x) {
  executor_->run(image_db, out_db, n_z, n_x, units_);
}

}  // namespace sonolucent
