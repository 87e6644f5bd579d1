#include "torchscript_backend.hpp"

#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace sonolucent {
namespace {

// What libtorch says about a broken file may quote its bytes.
std::string printable(std::string text) {
  std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c > 0x7e; }, '?');
  return text;
}

std::invalid_argument not_a_network(const std::filesystem::path& file, const std::string& why) {
  return std::invalid_argument(file.string() + ": not a network in TorchScript: " + printable(why));
}

torch::jit::Module load_frozen(const std::filesystem::path& file, const at::Device& device) {
  try {
    auto module = torch::jit::load(file.string(), device);
    module.eval();
    return torch::jit::freeze(module);
  } catch (const c10::Error& error) {
    throw not_a_network(file, error.what_without_backtrace());
  } catch (const std::exception& error) {
    // The reader of a malformed archive also throws plain standard exceptions.
    throw not_a_network(file, error.what());
  }
}

at::Tensor checked(const c10::IValue& result, const at::Tensor& grey) {
  if (!result.isTensor()) throw std::runtime_error("the network returned a " + result.tagKind() + ", not a tensor");
  auto tensor = result.toTensor();
  if (tensor.sizes() == grey.sizes() && tensor.scalar_type() == at::kFloat) return tensor;
  std::ostringstream message;
  message << "the network made " << tensor.scalar_type() << " of shape " << tensor.sizes() << " from Float of shape "
          << grey.sizes();
  throw std::runtime_error(message.str());
}

}  // namespace

TorchScriptBackend::TorchScriptBackend(const std::filesystem::path& file, const at::Device& device)
    : module_(load_frozen(file, device)) {}

at::Tensor TorchScriptBackend::run(const at::Tensor& grey) {
  try {
    return checked(module_.forward({grey}), grey);
  } catch (const c10::Error& error) {
    throw std::runtime_error(std::string("the network failed: ") + error.what_without_backtrace());
  }
}

}  // namespace sonolucent
