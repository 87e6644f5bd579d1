#pragma once

#include <string>
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

// Their names, "avx512, avx2, portable", or those of all precisions.
std::string kernel_names(Precision precision);
std::string kernel_names();

// `name`, or "bf16" for the fastest of that precision.
// Throws std::invalid_argument: this processor cannot run them, or there are none of that name.
const Kernels& kernels_named(const std::string& name);

}  // namespace sonolucent::fused
