// The native core's table of contents: one binding function per class.
#include <pybind11/pybind11.h>

PYBIND11_MODULE(_core, m) { m.doc() = "Sonolucent's native core."; }
