#include "torchscript_file.hpp"

#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace sonolucent {
namespace {

// What libtorch says about a broken file may quote its bytes.
std::string printable(std::string text) {
  std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c > 0x7e; }, '?');
  return text;
}

std::invalid_argument not_a_network(const std::filesystem::path& path, const std::string& why) {
  return std::invalid_argument(path.string() + ": not a network in TorchScript: " + printable(why));
}

TorchScriptFile unpacked(torch::jit::Module module) {
  module.eval();
  if (!module.hasattr("fused")) return {torch::jit::freeze(module), {}};
  return {torch::jit::freeze(module.attr("plain").toModule()), module.attr("fused").toCustomClass<FusedUNet>()};
}

}  // namespace

TorchScriptFile load_torchscript(const std::filesystem::path& path, const at::Device& device) {
  try {
    return unpacked(torch::jit::load(path.string(), device));
  } catch (const c10::Error& error) {
    throw not_a_network(path, error.what_without_backtrace());
  } catch (const std::exception& error) {
    // The reader of a malformed archive also throws plain standard exceptions.
    throw not_a_network(path, error.what());
  }
}

}  // namespace sonolucent
