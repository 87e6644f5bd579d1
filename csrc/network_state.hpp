#pragma once

#include <ATen/core/Dict.h>
#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <variant>

#include "dense/network.hpp"
#include "fused/network.hpp"

namespace sonolucent {

// The state of a nn.UNet: its tensors by name.
using State = c10::Dict<std::string, at::Tensor>;

// A light network, or a full one.
using AnyNetwork = std::variant<std::shared_ptr<const fused::Network>, std::shared_ptr<const dense::Network>>;

// Throws std::invalid_argument, naming the tensor: one is missing, left over, not float32 or of a wrong shape.
AnyNetwork parse_network(const State& state);

}  // namespace sonolucent
