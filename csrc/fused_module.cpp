// What runs networks without torch: the fused kernels, given weights as arrays.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "bind_stage.hpp"
#include "unet/fused_backend.hpp"
#include "unet/network_kernels.hpp"

namespace py = pybind11;

namespace sonolucent {
namespace {

State state_of(const std::map<std::string, py::array>& weights) {
  State state;
  for (const auto& [name, array] : weights) {
    const bool usable = py::isinstance<py::array_t<float>>(array) && (array.flags() & py::array::c_style);
    state[name] = {usable ? "float32" : py::str(array.dtype()).cast<std::string>(),
                   {array.shape(), array.shape() + array.ndim()},
                   usable ? static_cast<const float*>(array.data()) : nullptr};
  }
  return state;
}

std::unique_ptr<InferenceStage> fused_stage(const std::map<std::string, py::array>& weights, float dynamic_range_db,
                                            int threads, std::optional<std::string> backend) {
  const BackendOptions options{"cpu", dynamic_range_db, threads, std::move(backend)};
  const auto state = state_of(weights);
  const py::gil_scoped_release release;
  return std::make_unique<InferenceStage>("cpu", fused_backend(parse_network(state), checked(options)));
}

std::vector<std::string> fused_kernels(bool bf16, bool full) {
  const auto precision = bf16 ? fused::Precision::kBfloat16 : fused::Precision::kFloat32;
  std::vector<std::string> names;
  for (const auto& kernels : kernels_for(full))
    if (kernels.precision == precision) names.push_back(kernels.name);
  return names;
}

}  // namespace
}  // namespace sonolucent

PYBIND11_MODULE(_fused, m) {
  m.doc() = "The fused kernels, which need no torch.";
  sonolucent::bind_stage(m, "FusedStage", "Enhances B-mode images with a U-Net in the fused kernels.")
      .def(py::init(&sonolucent::fused_stage), py::arg("weights"), py::kw_only(), py::arg("dynamic_range_db") = 60.0F,
           py::arg("threads") = 1, py::arg("backend") = py::none());
  m.def(
      "fused_kernels", &sonolucent::fused_kernels, py::kw_only(), py::arg("bf16") = false, py::arg("full") = false,
      "Names of the fused kernels for this processor, the fastest first; with bf16 those of that precision, with full "
      "those of full networks.");
}
