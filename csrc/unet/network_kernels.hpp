#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fused/bfloat16.hpp"
#include "fused/image_executor.hpp"
#include "network_state.hpp"

namespace sonolucent {

// Kernels that this processor can run for a kind of network.
struct KernelFacts {
  std::string name;
  fused::Precision precision;
  bool emulated;  // without instructions of the processor for this precision, and so slower than float32
};

// Of light networks, or of full ones: those in float32, then those in bfloat16, the fastest first.
const std::vector<KernelFacts>& kernels_for(bool full);
const std::vector<KernelFacts>& kernels_for(const AnyNetwork& network);

// Their names, "avx512, avx2, portable".
std::string names_of(const std::vector<KernelFacts>& kernels);
std::string names_of(const std::vector<KernelFacts>& kernels, fused::Precision precision);

// `name`, or "bf16" for the fastest of that precision.
// Throws std::invalid_argument: this processor cannot run them, or there are none of that name.
const KernelFacts& kernels_named(const std::vector<KernelFacts>& kernels, const std::string& name);

// Runs the network in those kernels.
std::unique_ptr<fused::ImageExecutor> make_executor(const AnyNetwork& network, const KernelFacts& kernels, int threads);

}  // namespace sonolucent
