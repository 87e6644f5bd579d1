#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "backend.hpp"

namespace sonolucent {

// Enhances B-mode images: dB to grey 0..1, the network, back to dB. One frame at a time; others wait.
class InferenceStage {
 public:
  // Throws std::invalid_argument (a bad file, device, range or thread count) and std::runtime_error (no such GPU).
  InferenceStage(const std::string& file, const std::string& device, float dynamic_range_db,
                 std::optional<int> threads);

  // Both images are (n_z, n_x), contiguous, in dB; they must not overlap. What lies outside the range is clipped.
  void run(const float* image_db, float* out_db, int64_t n_z, int64_t n_x);

  std::string device() const { return device_.str(); }
  std::string backend() const { return backend_->name(); }

 private:
  at::Device device_;
  float dynamic_range_db_;
  std::optional<int> threads_;
  std::unique_ptr<Backend> backend_;
  at::Tensor grey_;
  std::mutex one_frame_;
};

int cuda_device_count();

}  // namespace sonolucent
