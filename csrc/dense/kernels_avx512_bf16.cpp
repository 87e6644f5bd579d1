#ifdef __x86_64__
#include "fused/vector_avx512_bf16.hpp"
#include "layers.hpp"

namespace sonolucent::dense {

extern const Kernels kAvx512Bf16Kernels;
const Kernels kAvx512Bf16Kernels = kernels_of<fused::Avx512Vector, Precision::kBfloat16>("avx512-bf16");

}  // namespace sonolucent::dense
#endif
