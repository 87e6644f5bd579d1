#ifdef __x86_64__
#include "fused/vector_avx512.hpp"
#include "layers.hpp"

namespace sonolucent::dense {

extern const Kernels kAvx512Kernels;
const Kernels kAvx512Kernels = kernels_of<fused::Avx512Vector, Precision::kFloat32>("avx512");

}  // namespace sonolucent::dense
#endif
