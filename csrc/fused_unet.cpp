#include "fused_unet.hpp"

#include <ATen/Functions.h>
#include <torch/library.h>

#include <utility>
#include <vector>

#include "unet/network_kernels.hpp"

namespace sonolucent {
namespace {

std::string type_of(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kFloat ? "float32" : at::toString(tensor.scalar_type());
}

AnyNetwork parsed(const TensorState& state) {
  std::vector<at::Tensor> kept;
  State weights;
  for (const auto& entry : state) {
    kept.push_back(entry.value().cpu().contiguous());
    const auto& tensor = kept.back();
    const auto type = type_of(tensor);
    weights[entry.key()] = {type, tensor.sizes().vec(), type == "float32" ? tensor.const_data_ptr<float>() : nullptr};
  }
  return parse_network(weights);
}

}  // namespace

FusedUNet::FusedUNet(TensorState state) : state_(std::move(state)), network_(parsed(state_)) {}

at::Tensor FusedUNet::forward(const at::Tensor& grey) {
  TORCH_CHECK(grey.dim() == 4 && grey.size(1) == 1 && grey.scalar_type() == at::kFloat && grey.is_cpu(),
              "expected float32 images (n, 1, n_z, n_x) on the CPU");
  const std::lock_guard<std::mutex> lock(one_call_);
  if (!executor_) executor_ = make_executor(network_, kernels_for(network_).front(), 1);
  const auto images = grey.contiguous();
  auto out = at::empty_like(images);
  const int64_t n_z = images.size(2), n_x = images.size(3);
  for (int64_t i = 0; i < images.size(0); ++i)
    executor_->run(images.const_data_ptr<float>() + i * n_z * n_x, out.mutable_data_ptr<float>() + i * n_z * n_x, n_z,
                   n_x, fused::kGrey);
  return out;
}

TORCH_LIBRARY(sonolucent, library) {
  library.class_<FusedUNet>("FusedUNet")
      .def(torch::init<TensorState>())
      .def("forward", &FusedUNet::forward)
      .def_pickle([](const c10::intrusive_ptr<FusedUNet>& self) { return self->state(); },
                  [](TensorState state) { return c10::make_intrusive<FusedUNet>(std::move(state)); });
}

}  // namespace sonolucent
