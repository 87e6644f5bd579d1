#include "emulated_bfloat16.hpp"
#include "layers.hpp"
#include "vector_portable.hpp"

namespace sonolucent::fused {

extern const Kernels kPortableKernels, kPortableBf16Kernels;
const Kernels kPortableKernels = kernels_of<PortableVector, Precision::kFloat32>("portable");
const Kernels kPortableBf16Kernels = kernels_of<PortableVector, Precision::kBfloat16>("portable-bf16", true);

}  // namespace sonolucent::fused
