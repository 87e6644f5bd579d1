#ifdef __x86_64__
#include "layers.hpp"
#include "vector_avx512_bf16.hpp"

namespace sonolucent::fused {

extern const Kernels kAvx512Bf16Kernels;
const Kernels kAvx512Bf16Kernels = kernels_of<Avx512Vector, Precision::kBfloat16>("avx512-bf16");

}  // namespace sonolucent::fused
#endif
