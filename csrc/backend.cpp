#include "backend.hpp"

#include <stdexcept>

#include "torchscript_backend.hpp"

namespace sonolucent {

std::unique_ptr<Backend> make_backend(const std::filesystem::path& file, const at::Device& device) {
  if (!std::filesystem::is_regular_file(file)) throw std::invalid_argument(file.string() + ": no such file");
  if (file.extension() == ".ts") return std::make_unique<TorchScriptBackend>(file, device);
  throw std::invalid_argument(file.string() + ": no backend for the suffix '" + file.extension().string() +
                              "'; a TorchScript file ends in .ts");
}

}  // namespace sonolucent
