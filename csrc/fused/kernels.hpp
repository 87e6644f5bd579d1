#pragma once

#include <vector>

#include "bfloat16.hpp"
#include "jobs.hpp"

namespace sonolucent::fused {

// The kernels built for one instruction set and precision.
struct Kernels {
  const char* name;
  int lanes, tile_channels;
  Precision precision;
  bool emulated;  // without instructions of the processor for this precision, and so slower than float32
  void (*first)(const FirstJob&);
  void (*separable)(const SeparableJob&);
  void (*head)(const HeadJob&);
};

// Those of a precision that this processor can run, the fastest first; the last is portable.
const std::vector<Kernels>& available_kernels(Precision precision);

}  // namespace sonolucent::fused
