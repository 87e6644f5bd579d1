#pragma once

#include <c10/core/Device.h>

#include <string>

namespace sonolucent {

// Throws std::invalid_argument: neither "cpu" nor "cuda:N"; std::runtime_error: no such GPU.
at::Device parse_device(const std::string& name);

// CUDA devices that this build of libtorch can use.
int cuda_device_count();

}  // namespace sonolucent
