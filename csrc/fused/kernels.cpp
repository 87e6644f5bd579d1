#include "kernels.hpp"

#include "processor.hpp"

namespace sonolucent::fused {

#ifdef __x86_64__
extern const Kernels kAvx512Kernels, kAvx2Kernels, kAvx512Bf16Kernels, kAvx2Bf16Kernels;
#endif
extern const Kernels kPortableKernels, kPortableBf16Kernels;

namespace {

std::vector<Kernels> find_kernels(Precision precision) {
  const bool single = precision == Precision::kFloat32;
  std::vector<Kernels> found;
#ifdef __x86_64__
  if (single ? has_avx512() : has_avx512_bf16()) found.push_back(single ? kAvx512Kernels : kAvx512Bf16Kernels);
  if (has_avx2()) found.push_back(single ? kAvx2Kernels : kAvx2Bf16Kernels);
#endif
  found.push_back(single ? kPortableKernels : kPortableBf16Kernels);
  return found;
}

}  // namespace

const std::vector<Kernels>& available_kernels(Precision precision) {
  static const std::vector<Kernels> single = find_kernels(Precision::kFloat32);
  static const std::vector<Kernels> pairs = find_kernels(Precision::kBfloat16);
  return precision == Precision::kFloat32 ? single : pairs;
}

}  // namespace sonolucent::fused
