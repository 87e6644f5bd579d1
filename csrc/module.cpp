// The native core's table of contents: one binding function per class.
#include "bind_inference.hpp"

PYBIND11_MODULE(_core, m) {
  m.doc() = "Sonolucent's native core.";
  sonolucent::bind_inference(m);
}
