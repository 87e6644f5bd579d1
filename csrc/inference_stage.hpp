#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "backend.hpp"

namespace sonolucent {

// Enhances B-mode images with the network of a file. One frame at a time; others wait.
class InferenceStage {
 public:
  // Throws std::invalid_argument (a bad file or option) and std::runtime_error (no such GPU).
  InferenceStage(const std::string& file, const BackendOptions& options);

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
