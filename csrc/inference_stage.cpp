#include "inference_stage.hpp"

#include <cmath>
#include <stdexcept>

namespace sonolucent {
namespace {

const BackendOptions& checked(const BackendOptions& options) {
  const float range = options.dynamic_range_db;
  if (!std::isfinite(range) || range <= 0)
    throw std::invalid_argument("dynamic_range_db must be positive, not " + std::to_string(range));
  if (options.threads && *options.threads <= 0)
    throw std::invalid_argument("threads must be positive, not " + std::to_string(*options.threads));
  return options;
}

}  // namespace

InferenceStage::InferenceStage(const std::string& file, const BackendOptions& options)
    : device_(options.device), chosen_(make_backend(file, checked(options))) {}

void InferenceStage::run(const float* image_db, float* out_db, int64_t n_z, int64_t n_x) {
  const std::lock_guard<std::mutex> lock(one_frame_);
  chosen_.backend->run(image_db, out_db, n_z, n_x);
}

}  // namespace sonolucent
