#include "torchscript_backend.hpp"

#include <stdexcept>
#include <utility>

namespace sonolucent {

TorchScriptBackend::TorchScriptBackend(torch::jit::Module graph, const at::Device& device, float dynamic_range_db,
                                       std::optional<int> threads)
    : TensorBackend(device, dynamic_range_db, threads), graph_(std::move(graph)) {}

at::Tensor TorchScriptBackend::enhanced(const at::Tensor& grey) {
  const auto result = graph_.forward({grey});
  if (!result.isTensor()) throw std::runtime_error("the network returned a " + result.tagKind() + ", not a tensor");
  return result.toTensor();
}

}  // namespace sonolucent
