#include "tensor_backend.hpp"

#include <ATen/Functions.h>
#include <c10/core/InferenceMode.h>

#include <array>
#include <sstream>
#include <stdexcept>

#include "heap.hpp"
#include "thread_count.hpp"

namespace sonolucent {

TensorBackend::TensorBackend(const at::Device& device, float dynamic_range_db, std::optional<int> threads)
    : device_(device), dynamic_range_db_(dynamic_range_db), threads_(threads) {
  keep_freed_memory();
}

void TensorBackend::run(const float* image_db, float* out_db, int64_t n_z, int64_t n_x) {
  const c10::InferenceMode inference;
  const ThreadCount thread_count(threads_);
  const std::array<int64_t, 4> shape{1, 1, n_z, n_x};
  const auto image = at::from_blob(const_cast<float*>(image_db), shape);
  if (!grey_.defined() || grey_.sizes() != at::IntArrayRef(shape))
    grey_ = at::empty(shape, image.options().device(device_));
  grey_.copy_(image).div_(dynamic_range_db_).add_(1).nan_to_num_(0).clamp_(0, 1);
  auto out = checked();
  out.sub_(1).mul_(dynamic_range_db_).clamp_(-dynamic_range_db_, 0);
  at::from_blob(out_db, shape).copy_(out);
}

at::Tensor TensorBackend::checked() {
  try {
    auto tensor = enhanced(grey_);
    if (tensor.sizes() == grey_.sizes() && tensor.scalar_type() == at::kFloat) return tensor;
    std::ostringstream message;
    message << "the network made " << tensor.scalar_type() << " of shape " << tensor.sizes() << " from Float of shape "
            << grey_.sizes();
    throw std::runtime_error(message.str());
  } catch (const c10::Error& error) {
    throw std::runtime_error(std::string("the network failed: ") + error.what_without_backtrace());
  }
}

}  // namespace sonolucent
