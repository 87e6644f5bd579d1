#pragma once

#include <string>
#include <vector>

#include "fused/bfloat16.hpp"
#include "job.hpp"

namespace sonolucent::dense {

// The kernels built for one instruction set and precision.
struct Kernels {
  const char* name;
  fused::Precision precision;
  int lane_multiple;  // of a packed pixel
  bool emulated;      // without instructions of the processor for this precision, and so slower than float32
  void (*first)(const ConvolutionJob&);  // of grey values, in float32
  void (*convolve)(const ConvolutionJob&);
  void (*head)(const HeadJob&);
};

// Those of a precision that this processor can run, the fastest first; the last is portable.
const std::vector<Kernels>& available_kernels(fused::Precision precision);

}  // namespace sonolucent::dense
