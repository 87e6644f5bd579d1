#include "network_kernels.hpp"

#include <algorithm>
#include <stdexcept>

#include "dense/executor.hpp"
#include "dense/kernels.hpp"
#include "fused/executor.hpp"
#include "fused/kernels.hpp"

namespace sonolucent {

using fused::Precision;

namespace {

template <class Kernels>
std::vector<KernelFacts> facts(const std::vector<Kernels>& single, const std::vector<Kernels>& pairs) {
  std::vector<KernelFacts> found;
  for (const auto* kernels : {&single, &pairs})
    for (const auto& each : *kernels) found.push_back({each.name, each.precision, each.emulated});
  return found;
}

template <class Kernels>
const Kernels& named(const std::vector<Kernels>& kernels, const std::string& name) {
  return *std::find_if(kernels.begin(), kernels.end(), [&](const Kernels& each) { return name == each.name; });
}

}  // namespace

const std::vector<KernelFacts>& kernels_for(bool full) {
  static const auto of_light =
      facts(fused::available_kernels(Precision::kFloat32), fused::available_kernels(Precision::kBfloat16));
  static const auto of_full =
      facts(dense::available_kernels(Precision::kFloat32), dense::available_kernels(Precision::kBfloat16));
  return full ? of_full : of_light;
}

const std::vector<KernelFacts>& kernels_for(const AnyNetwork& network) {
  return kernels_for(std::holds_alternative<std::shared_ptr<const dense::Network>>(network));
}

std::string names_of(const std::vector<KernelFacts>& kernels) {
  std::string names;
  for (const auto& each : kernels) names += (names.empty() ? "" : ", ") + each.name;
  return names;
}

std::string names_of(const std::vector<KernelFacts>& kernels, Precision precision) {
  std::vector<KernelFacts> chosen;
  for (const auto& each : kernels)
    if (each.precision == precision) chosen.push_back(each);
  return names_of(chosen);
}

const KernelFacts& kernels_named(const std::vector<KernelFacts>& kernels, const std::string& name) {
  for (const auto& each : kernels)
    if (name == each.name || (name == "bf16" && each.precision == Precision::kBfloat16)) return each;
  throw std::invalid_argument("this processor has no kernels '" + name + "' for such a network; it has " +
                              names_of(kernels));
}

std::unique_ptr<fused::ImageExecutor> make_executor(const AnyNetwork& network, const KernelFacts& kernels,
                                                    int threads) {
  if (const auto* light = std::get_if<std::shared_ptr<const fused::Network>>(&network))
    return std::make_unique<fused::Executor>(*light, named(fused::available_kernels(kernels.precision), kernels.name),
                                             threads);
  return std::make_unique<dense::Executor>(std::get<std::shared_ptr<const dense::Network>>(network),
                                           named(dense::available_kernels(kernels.precision), kernels.name), threads);
}

}  // namespace sonolucent
