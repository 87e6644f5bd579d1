#include "inference_stage.hpp"

#include <ATen/Functions.h>
#include <c10/core/InferenceMode.h>
#include <torch/cuda.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "heap.hpp"
#include "thread_count.hpp"

namespace sonolucent {
namespace {

at::Device parse_device(const std::string& name) {
  const std::string wanted = "'" + name + "' is not a device here; use cpu or cuda:N";
  try {
    const at::Device device(name);
    if (device.is_cpu()) return device;
    if (!device.is_cuda()) throw std::invalid_argument(wanted);
    if (std::max<int>(device.index(), 0) < cuda_device_count()) return device;
    throw std::runtime_error("'" + name + "' is not there: " + std::to_string(cuda_device_count()) +
                             " CUDA devices are visible to this build of torch; use cpu");
  } catch (const c10::Error&) {
    throw std::invalid_argument(wanted);
  }
}

float positive_range(float dynamic_range_db) {
  if (std::isfinite(dynamic_range_db) && dynamic_range_db > 0) return dynamic_range_db;
  throw std::invalid_argument("dynamic_range_db must be positive, not " + std::to_string(dynamic_range_db));
}

std::optional<int> positive_threads(std::optional<int> threads) {
  if (!threads || *threads > 0) return threads;
  throw std::invalid_argument("threads must be positive, not " + std::to_string(*threads));
}

}  // namespace

int cuda_device_count() { return static_cast<int>(torch::cuda::device_count()); }

InferenceStage::InferenceStage(const std::string& file, const std::string& device, float dynamic_range_db,
                               std::optional<int> threads)
    : device_(parse_device(device)),
      dynamic_range_db_(positive_range(dynamic_range_db)),
      threads_(positive_threads(threads)),
      backend_(make_backend(file, device_)) {
  keep_freed_memory();
}

void InferenceStage::run(const float* image_db, float* out_db, int64_t n_z, int64_t n_x) {
  const std::lock_guard<std::mutex> lock(one_frame_);
  const c10::InferenceMode inference;
  const ThreadCount thread_count(threads_);
  const std::array<int64_t, 4> shape{1, 1, n_z, n_x};
  const auto image = at::from_blob(const_cast<float*>(image_db), shape);
  if (!grey_.defined() || grey_.sizes() != at::IntArrayRef(shape))
    grey_ = at::empty(shape, image.options().device(device_));
  grey_.copy_(image).div_(dynamic_range_db_).add_(1).clamp_(0, 1);
  auto enhanced = backend_->run(grey_);
  enhanced.sub_(1).mul_(dynamic_range_db_).clamp_(-dynamic_range_db_, 0);
  at::from_blob(out_db, shape).copy_(enhanced);
}

}  // namespace sonolucent
