#include "layers.hpp"
#include "vector_portable.hpp"

namespace sonolucent::fused {

extern const Kernels kPortableKernels;
const Kernels kPortableKernels = kernels_of<PortableVector>("portable");

}  // namespace sonolucent::fused
