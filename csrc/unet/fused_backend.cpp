#include "fused_backend.hpp"

#include <stdexcept>
#include <utility>

namespace sonolucent {

FusedBackend::FusedBackend(std::unique_ptr<fused::ImageExecutor> executor, const std::string& kernels,
                           float dynamic_range_db)
    : name_("fused-" + kernels), units_(fused::decibels(dynamic_range_db)), executor_(std::move(executor)) {}

void FusedBackend::run(const float* image_db, float* out_db, int64_t n_z, int64_t n_x) {
  executor_->run(image_db, out_db, n_z, n_x, units_);
}

namespace {

const std::string kFused = "fused-";

std::string asked_for(const KernelFacts& kernels) {
  if (kernels.precision == fused::Precision::kFloat32) return "it was asked for";
  const std::string reason = "it was asked for; bf16 in the convolutions between channels";
  return kernels.emulated ? reason + ", emulated, which is slower than f32" : reason;
}

BackendChoice with_kernels(const AnyNetwork& network, const KernelFacts& kernels, const BackendOptions& options,
                           const std::string& reason) {
  return {std::make_unique<FusedBackend>(make_executor(network, kernels, options.threads.value()), kernels.name,
                                         options.dynamic_range_db),
          reason};
}

}  // namespace

BackendChoice fused_backend(const AnyNetwork& network, const BackendOptions& options) {
  const auto& all = kernels_for(network);
  if (!options.choice)
    return with_kernels(network, all.front(), options,
                        "the fastest in f32 of what this processor runs for such a network: " +
                            names_of(all, fused::Precision::kFloat32));
  if (options.choice->rfind(kFused, 0) != 0)
    throw std::invalid_argument("no backend '" + *options.choice + "'; there is fused-NAME, NAME being one of " +
                                names_of(all) + ", or bf16 for the fastest in bf16");
  const auto& kernels = kernels_named(all, options.choice->substr(kFused.size()));
  return with_kernels(network, kernels, options, asked_for(kernels));
}

}  // namespace sonolucent
