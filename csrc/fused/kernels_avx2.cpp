#ifdef __x86_64__
#include "layers.hpp"
#include "vector_avx2.hpp"

namespace sonolucent::fused {

extern const Kernels kAvx2Kernels;
const Kernels kAvx2Kernels = kernels_of<Avx2Vector>("avx2");

}  // namespace sonolucent::fused
#endif
