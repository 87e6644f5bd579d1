#include "package_backend.hpp"

#include <c10/util/Exception.h>

#include <stdexcept>

namespace sonolucent {
namespace {

using torch::inductor::AOTIModelPackageLoader;

const char* const kModel = "model";

std::string shape_of(const at::Tensor& grey) {
  return std::to_string(grey.size(2)) + " x " + std::to_string(grey.size(3));
}

// What the package says of itself, read before any of it runs: the shape of its images.
std::string checked_shape(const std::filesystem::path& file, const at::Device& device) {
  const auto facts = AOTIModelPackageLoader::load_metadata_from_package(file.string(), kModel);
  const auto shape = facts.find("image_shape"), made_for = facts.find("AOTI_DEVICE_KEY");
  if (shape == facts.end()) throw std::invalid_argument("it does not say for which images; make it with write_package");
  if (made_for != facts.end() && made_for->second != c10::DeviceTypeName(device.type(), true))
    throw std::invalid_argument("it was compiled for " + made_for->second + ", not for " + device.str());
  return shape->second;
}

}  // namespace

PackageBackend::PackageBackend(const std::filesystem::path& file, const at::Device& device, float dynamic_range_db,
                               std::optional<int> threads)
    : TensorBackend(device, dynamic_range_db, threads) {
  const std::string refused = file.string() + ": not a package of AOTInductor for this use: ";
  try {
    shape_ = checked_shape(file, device);
    loader_.emplace(file.string(), kModel, false, 1, device.index());
  } catch (const c10::Error& error) {
    throw std::invalid_argument(refused + error.what_without_backtrace());
  } catch (const std::exception& error) {
    throw std::invalid_argument(refused + error.what());
  }
}

at::Tensor PackageBackend::enhanced(const at::Tensor& grey) {
  if (shape_of(grey) != shape_)
    throw std::runtime_error("the network was compiled for images of " + shape_ + ", not of " + shape_of(grey));
  return loader_->run({grey}).at(0);
}

}  // namespace sonolucent
