#pragma once

#include <pybind11/pybind11.h>

#include "unet/inference_stage.hpp"

namespace sonolucent {

// The class of a stage, without a constructor.
pybind11::class_<InferenceStage> bind_stage(pybind11::module_& m, const char* name, const char* what);

}  // namespace sonolucent
