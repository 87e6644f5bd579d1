#pragma once

#include <filesystem>

#include "unet/backend.hpp"

namespace sonolucent {

// What runs the network of a file.
// Throws std::invalid_argument: a bad option, no such file, a broken one, an unknown suffix, or a backend that is not
// to be had; std::runtime_error: no such GPU.
BackendChoice make_backend(const std::filesystem::path& file, const BackendOptions& options);

}  // namespace sonolucent
