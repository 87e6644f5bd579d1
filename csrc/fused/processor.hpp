#pragma once

namespace sonolucent::fused {

#ifdef __x86_64__
// What this processor, and the system, lets a program use.
bool has_avx2();
bool has_avx512();
bool has_avx512_bf16();
bool has_amx_bf16();
#endif

}  // namespace sonolucent::fused
