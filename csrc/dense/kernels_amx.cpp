#ifdef __x86_64__
#include "fused/vector_avx512_bf16.hpp"
#include "layers.hpp"
#include "tile_amx.hpp"

namespace sonolucent::dense {

using Vector = fused::Avx512Vector;

extern const Kernels kAmxKernels;
const Kernels kAmxKernels =
    kernels_of<Vector, Precision::kBfloat16, AmxTile<Vector>>("amx-bf16", AmxTile<Vector>::kLanes);

}  // namespace sonolucent::dense
#endif
