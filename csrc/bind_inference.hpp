#pragma once

#include <pybind11/pybind11.h>

namespace sonolucent {

void bind_inference(pybind11::module_& m);

}  // namespace sonolucent
