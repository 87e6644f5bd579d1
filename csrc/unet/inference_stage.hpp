#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "backend.hpp"

namespace sonolucent {

// Enhances B-mode images with a network. One frame at a time; others wait.
class InferenceStage {
 public:
  InferenceStage(std::string device, BackendChoice chosen);

  // As Backend::run.
  void run(const float* image_db, float* out_db, int64_t n_z, int64_t n_x);

  std::string device() const { return device_; }
  std::string backend() const { return chosen_.backend->name(); }
  std::string reason() const { return chosen_.reason; }

 private:
  std::string device_;
  BackendChoice chosen_;
  std::mutex one_frame_;
};

}  // namespace sonolucent
