#pragma once

#include <cstdint>

#include "grey.hpp"

namespace sonolucent::fused {

// Runs a network image after image, one at a time: calls from several threads must take turns.
class ImageExecutor {
 public:
  ImageExecutor() = default;
  ImageExecutor(const ImageExecutor&) = delete;
  ImageExecutor& operator=(const ImageExecutor&) = delete;
  virtual ~ImageExecutor() = default;

  // Both images are (n_z, n_x), contiguous. Nothing is allocated unless the size changes. Throws std::runtime_error:
  // the image is too small for the network; std::system_error, which is one: the system starts no more threads.
  virtual void run(const float* image, float* out, std::int64_t n_z, std::int64_t n_x, const Units& units) = 0;
};

}  // namespace sonolucent::fused
