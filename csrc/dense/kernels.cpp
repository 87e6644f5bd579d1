#include "kernels.hpp"

#include "fused/processor.hpp"

namespace sonolucent::dense {

#ifdef __x86_64__
extern const Kernels kAvx512Kernels, kAvx2Kernels, kAmxKernels, kAvx512Bf16Kernels, kAvx2Bf16Kernels;
#endif
extern const Kernels kPortableKernels, kPortableBf16Kernels;

namespace {

using fused::Precision;

std::vector<Kernels> find_kernels(Precision precision) {
  const bool single = precision == Precision::kFloat32;
  std::vector<Kernels> found;
#ifdef __x86_64__
  if (!single && fused::has_amx_bf16()) found.push_back(kAmxKernels);
  if (single ? fused::has_avx512() : fused::has_avx512_bf16())
    found.push_back(single ? kAvx512Kernels : kAvx512Bf16Kernels);
  if (fused::has_avx2()) found.push_back(single ? kAvx2Kernels : kAvx2Bf16Kernels);
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

}  // namespace sonolucent::dense
