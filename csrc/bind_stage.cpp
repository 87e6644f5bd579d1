#include "bind_stage.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <functional>

namespace py = pybind11;

namespace sonolucent {
namespace {

void check_image(const py::array& image, const std::string& name) {
  if (!py::isinstance<py::array_t<float>>(image))
    throw py::type_error(name + " must be float32, not " + py::str(image.dtype()).cast<std::string>());
  if (image.ndim() < 2 || image.ndim() > 3 || image.size() == 0)
    throw py::value_error(name + " must be an image (n_z, n_x) or several (n, n_z, n_x), not of shape " +
                          py::str(image.attr("shape")).cast<std::string>());
  if (!(image.flags() & py::array::c_style))
    throw py::value_error(name + " must be C-contiguous; pass numpy.ascontiguousarray(...)");
}

bool overlap(const py::array& a, const py::array& b) {
  const auto begin = [](const py::array& x) { return static_cast<const char*>(x.data()); };
  const std::less<const char*> before;
  return before(begin(a), begin(b) + b.nbytes()) && before(begin(b), begin(a) + a.nbytes());
}

void check_out(const py::array& out, const py::array& image) {
  check_image(out, "out");
  if (!out.attr("shape").equal(image.attr("shape")))
    throw py::value_error("out has shape " + py::str(out.attr("shape")).cast<std::string>() + ", the image " +
                          py::str(image.attr("shape")).cast<std::string>());
  if (!out.writeable()) throw py::value_error("out is read-only");
  if (overlap(image, out)) throw py::value_error("out overlaps the image; pass another array");
}

void run(InferenceStage& stage, const py::array& image, py::array& out) {
  check_image(image, "the image");
  check_out(out, image);
  const auto* source = static_cast<const float*>(image.data());
  auto* target = static_cast<float*>(out.mutable_data());
  const auto n_z = image.shape(image.ndim() - 2), n_x = image.shape(image.ndim() - 1), size = n_z * n_x;
  const auto end = image.size();
  const py::gil_scoped_release release;
  for (py::ssize_t i = 0; i < end; i += size) stage.run(source + i, target + i, n_z, n_x);
}

}  // namespace

py::class_<InferenceStage> bind_stage(py::module_& m, const char* name, const char* what) {
  // Two modules have one: neither must know the other's.
  return py::class_<InferenceStage>(m, name, what, py::module_local())
      .def("run", &run, py::arg("image_db"), py::arg("out"),
           "Enhances image_db, float32 (n_z, n_x) or (n, n_z, n_x) in dB, into out, without copying and without the "
           "GIL.")
      .def_property_readonly("device", &InferenceStage::device)
      .def_property_readonly("backend", &InferenceStage::backend)
      .def_property_readonly("reason", &InferenceStage::reason);
}

}  // namespace sonolucent
