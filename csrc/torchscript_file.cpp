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

// The reader of a malformed archive throws torch's exceptions and plain standard ones.
template <class Step>
auto read(const std::filesystem::path& path, Step step) {
  try {
    return step();
  } catch (const c10::Error& error) {
    throw not_a_network(path, error.what_without_backtrace());
  } catch (const std::exception& error) {
    throw not_a_network(path, error.what());
  }
}

TorchScriptFile unpacked(const std::filesystem::path& path, torch::jit::Module module) {
  module.eval();
  if (!module.hasattr("fused")) return {path, module, {}};
  return {path, module.attr("plain").toModule(), module.attr("fused").toCustomClass<FusedUNet>()};
}

}  // namespace

TorchScriptFile load_torchscript(const std::filesystem::path& path, const at::Device& device) {
  return read(path, [&] { return unpacked(path, torch::jit::load(path.string(), device)); });
}

torch::jit::Module frozen(const TorchScriptFile& file) {
  return read(file.path, [&] { return torch::jit::freeze(file.graph); });
}

}  // namespace sonolucent
