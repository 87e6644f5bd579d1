#include "kernels.hpp"

#include <stdexcept>

namespace sonolucent::fused {

#ifdef __x86_64__
extern const Kernels kAvx512Kernels, kAvx2Kernels, kAvx512Bf16Kernels, kAvx2Bf16Kernels;
#endif
extern const Kernels kPortableKernels, kPortableBf16Kernels;

namespace {

#ifdef __x86_64__
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
bool has_avx512_bf16() {
  return has_avx512() && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512bf16");
}
#endif

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

std::string kernel_names(Precision precision) {
  std::string names;
  for (const auto& kernels : available_kernels(precision))
    names += (names.empty() ? "" : ", ") + std::string(kernels.name);
  return names;
}

std::string kernel_names() { return kernel_names(Precision::kFloat32) + ", " + kernel_names(Precision::kBfloat16); }

const Kernels& kernels_named(const std::string& name) {
  if (name == "bf16") return available_kernels(Precision::kBfloat16).front();
  for (const auto precision : {Precision::kFloat32, Precision::kBfloat16})
    for (const auto& kernels : available_kernels(precision))
      if (name == kernels.name) return kernels;
  throw std::invalid_argument("this processor has no kernels '" + name + "'; it has " + kernel_names());
}

}  // namespace sonolucent::fused
