#ifdef __x86_64__
#include "fused/emulated_bfloat16.hpp"
#include "fused/vector_avx2.hpp"
#include "layers.hpp"

namespace sonolucent::dense {

extern const Kernels kAvx2Kernels, kAvx2Bf16Kernels;
const Kernels kAvx2Kernels = kernels_of<fused::Avx2Vector, Precision::kFloat32>("avx2");
const Kernels kAvx2Bf16Kernels = kernels_of<fused::Avx2Vector, Precision::kBfloat16>("avx2-bf16", 1, true);

}  // namespace sonolucent::dense
#endif
