#include "make_backend.hpp"

#include <ATen/Parallel.h>

#include <stdexcept>

#include "device.hpp"
#include "fused_unet.hpp"
#include "package_backend.hpp"
#include "torchscript_backend.hpp"
#include "torchscript_file.hpp"
#include "unet/fused_backend.hpp"

namespace sonolucent {
namespace {

const std::string kFused = "fused-", kTorchScript = "torchscript", kPackage = "aotinductor";

BackendChoice with_torchscript(const TorchScriptFile& file, const at::Device& device, const BackendOptions& options,
                               const std::string& reason) {
  return {std::make_unique<TorchScriptBackend>(frozen(file), device, options.dynamic_range_db, options.threads),
          reason};
}

BackendChoice with_kernels(const TorchScriptFile& file, BackendOptions options) {
  options.threads = options.threads.value_or(at::get_num_threads());
  return fused_backend(file.fused->network(), options);
}

BackendChoice chosen(const TorchScriptFile& file, const at::Device& device, const BackendOptions& options) {
  const std::string& name = *options.choice;
  if (name == kTorchScript) return with_torchscript(file, device, options, "it was asked for");
  if (name.rfind(kFused, 0) != 0)
    throw std::invalid_argument("no backend '" + name + "'; there are torchscript and fused-NAME, NAME being one of " +
                                names_of(file.fused ? kernels_for(file.fused->network()) : kernels_for(true)) +
                                ", or bf16 for the fastest in bf16");
  if (!file.fused) throw std::invalid_argument("'" + name + "' needs a network of ours, which the file does not carry");
  if (!device.is_cpu()) throw std::invalid_argument("'" + name + "' runs on the CPU alone, not on " + device.str());
  return with_kernels(file, options);
}

BackendChoice from_package(const std::filesystem::path& path, const at::Device& device, const BackendOptions& options) {
  if (options.choice && *options.choice != kPackage)
    throw std::invalid_argument(path.string() + ": no backend '" + *options.choice + "' for it; a .pt2 file runs by " +
                                kPackage + " alone");
  return {std::make_unique<PackageBackend>(path, device, options.dynamic_range_db, options.threads),
          "the file is a package that AOTInductor compiled"};
}

BackendChoice from_torchscript(const std::filesystem::path& path, const at::Device& device,
                               const BackendOptions& options) {
  const auto file = load_torchscript(path, device);
  if (options.choice) return chosen(file, device, options);
  if (!device.is_cpu()) return with_torchscript(file, device, options, "the fused kernels are for the CPU");
  if (!file.fused) return with_torchscript(file, device, options, "there are no fused kernels for this network");
  return with_kernels(file, options);
}

}  // namespace

BackendChoice make_backend(const std::filesystem::path& path, const BackendOptions& options) {
  const auto device = parse_device(checked(options).device);
  if (!std::filesystem::is_regular_file(path)) throw std::invalid_argument(path.string() + ": no such file");
  if (path.extension() == ".ts") return from_torchscript(path, device, options);
  if (path.extension() == ".pt2") return from_package(path, device, options);
  throw std::invalid_argument(path.string() + ": no backend for the suffix '" + path.extension().string() +
                              "'; a TorchScript file ends in .ts, a package of AOTInductor in .pt2");
}

}  // namespace sonolucent
