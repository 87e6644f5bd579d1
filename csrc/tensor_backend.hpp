#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "unet/backend.hpp"

namespace sonolucent {

// A network that libtorch runs, tensor in and tensor out; this converts from dB and back around it.
class TensorBackend : public Backend {
 public:
  TensorBackend(const at::Device& device, float dynamic_range_db, std::optional<int> threads);

  void run(const float* image_db, float* out_db, int64_t n_z, int64_t n_x) final;

 private:
  // Grey values (1, 1, n_z, n_x) to the same, on the device. May throw c10::Error.
  virtual at::Tensor enhanced(const at::Tensor& grey) = 0;
  at::Tensor checked();

  at::Device device_;
  float dynamic_range_db_;
  std::optional<int> threads_;
  at::Tensor grey_;
};

}  // namespace sonolucent
