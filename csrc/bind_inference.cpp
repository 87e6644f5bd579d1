#include "bind_inference.hpp"

#include <pybind11/stl.h>

#include "bind_stage.hpp"
#include "device.hpp"
#include "make_backend.hpp"

namespace py = pybind11;

namespace sonolucent {

void bind_inference(py::module_& m) {
  bind_stage(m, "InferenceStage", "Enhances B-mode images with a network loaded from a file.")
      .def(py::init([](const std::string& file, const std::string& device, float dynamic_range_db,
                       std::optional<int> threads, std::optional<std::string> backend) {
             const BackendOptions options{device, dynamic_range_db, threads, backend};
             return std::make_unique<InferenceStage>(device, make_backend(file, options));
           }),
           py::arg("file"), py::kw_only(), py::arg("device") = "cpu", py::arg("dynamic_range_db") = 60.0F,
           py::arg("threads") = py::none(), py::arg("backend") = py::none(), py::call_guard<py::gil_scoped_release>());
  m.def("cuda_device_count", &cuda_device_count, "CUDA devices that this build of libtorch can use.");
}

}  // namespace sonolucent
