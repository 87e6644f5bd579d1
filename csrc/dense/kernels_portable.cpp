#include "fused/emulated_bfloat16.hpp"
#include "fused/vector_portable.hpp"
#include "layers.hpp"

namespace sonolucent::dense {

extern const Kernels kPortableKernels, kPortableBf16Kernels;
const Kernels kPortableKernels = kernels_of<fused::PortableVector, Precision::kFloat32>("portable");
const Kernels kPortableBf16Kernels = kernels_of<fused::PortableVector, Precision::kBfloat16>("portable-bf16", 1, true);

}  // namespace sonolucent::dense
