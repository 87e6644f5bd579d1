#ifdef __x86_64__
#include "emulated_bfloat16.hpp"
#include "layers.hpp"
#include "vector_avx2.hpp"

namespace sonolucent::fused {

extern const Kernels kAvx2Kernels, kAvx2Bf16Kernels;
const Kernels kAvx2Kernels = kernels_of<Avx2Vector, Precision::kFloat32>("avx2");
const Kernels kAvx2Bf16Kernels = kernels_of<Avx2Vector, Precision::kBfloat16>("avx2-bf16", true);

}  // namespace sonolucent::fused
#endif
