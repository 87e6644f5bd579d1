#include "kernels.hpp"

#include <stdexcept>

namespace sonolucent::fused {

#ifdef __x86_64__
extern const Kernels kAvx512Kernels, kAvx2Kernels;
#endif
extern const Kernels kPortableKernels;

namespace {

std::vector<Kernels> find_kernels() {
  std::vector<Kernels> found;
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    found.push_back(kAvx512Kernels);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) found.push_back(kAvx2Kernels);
#endif
  found.push_back(kPortableKernels);
  return found;
}

}  // namespace

const std::vector<Kernels>& available_kernels() {
  static const std::vector<Kernels> available = find_kernels();
  return available;
}

std::string kernel_names() {
  std::string names;
  for (const auto& kernels : available_kernels()) names += (names.empty() ? "" : ", ") + std::string(kernels.name);
  return names;
}

const Kernels& kernels_named(const std::string& name) {
  for (const auto& kernels : available_kernels())
    if (name == kernels.name) return kernels;
  throw std::invalid_argument("this processor has no kernels '" + name + "'; it has " + kernel_names());
}

}  // namespace sonolucent::fused
