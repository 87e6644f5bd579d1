#pragma once

#include <ATen/core/Dict.h>
#include <ATen/core/Tensor.h>

#include <string>

#include "fused/network.hpp"

namespace sonolucent {

// The state of nn.LightUNet: its tensors by name.
using State = c10::Dict<std::string, at::Tensor>;

// Throws std::invalid_argument, naming the tensor: one is missing, left over, not float32 or of a wrong shape.
fused::Network parse_network(const State& state);

}  // namespace sonolucent
