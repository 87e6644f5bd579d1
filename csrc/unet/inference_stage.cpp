#include "inference_stage.hpp"

#include <utility>

namespace sonolucent {

InferenceStage::InferenceStage(std::string device, BackendChoice chosen)
    : device_(std::move(device)), chosen_(std::move(chosen)) {}

void InferenceStage::run(const float* image_db, float* out_db, int64_t n_z, int64_t n_x) {
  const std::lock_guard<std::mutex> lock(one_frame_);
  chosen_.backend->run(image_db, out_db, n_z, n_x);
}

}  // namespace sonolucent
