#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>

namespace sonolucent {

// Runs a network: grey values (1, 1, n_z, n_x) on the device it was made for, to the same shape.
class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  virtual const char* name() const = 0;

  // Throws std::runtime_error when the network fails or its result has another shape.
  virtual at::Tensor run(const at::Tensor& grey) = 0;
};

// The backend that the file's suffix names. Throws std::invalid_argument: no such suffix, no such file, a broken file.
std::unique_ptr<Backend> make_backend(const std::filesystem::path& file, const at::Device& device);

}  // namespace sonolucent
