#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "dense/network.hpp"
#include "fused/network.hpp"

namespace sonolucent {

// A tensor of somebody else's, contiguous.
struct Weights {
  std::string type;  // "float32", or that of an array that cannot be used
  std::vector<std::int64_t> shape;
  const float* values;
};

// The state of a nn.UNet: its tensors by name. They must live as long as it is read.
using State = std::map<std::string, Weights>;

// A light network, or a full one.
using AnyNetwork = std::variant<std::shared_ptr<const fused::Network>, std::shared_ptr<const dense::Network>>;

// Throws std::invalid_argument, naming the tensor: one is missing, left over, not float32 or of a wrong shape.
AnyNetwork parse_network(const State& state);

}  // namespace sonolucent
