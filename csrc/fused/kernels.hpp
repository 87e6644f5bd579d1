#pragma once

#include <string>
#include <vector>

#include "jobs.hpp"

namespace sonolucent::fused {

// The kernels built for one instruction set.
struct Kernels {
  const char* name;
  int lanes, tile_channels;
  void (*first)(const FirstJob&);
  void (*separable)(const SeparableJob&);
  void (*head)(const HeadJob&);
};

// Those that this processor can run, the fastest first; the last is "portable".
const std::vector<Kernels>& available_kernels();

// Their names: "avx512, avx2, portable".
std::string kernel_names();

// Throws std::invalid_argument: this processor cannot run them, or there are none of that name.
const Kernels& kernels_named(const std::string& name);

}  // namespace sonolucent::fused
