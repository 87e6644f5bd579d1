#include "device.hpp"

#include <torch/cuda.h>

#include <algorithm>
#include <stdexcept>

namespace sonolucent {

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

int cuda_device_count() { return static_cast<int>(torch::cuda::device_count()); }

}  // namespace sonolucent
