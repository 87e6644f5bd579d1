#ifdef __x86_64__
#include "layers.hpp"
#include "vector_avx512.hpp"

namespace sonolucent::fused {

extern const Kernels kAvx512Kernels;
const Kernels kAvx512Kernels = kernels_of<Avx512Vector, Precision::kFloat32>("avx512");

}  // namespace sonolucent::fused
#endif
