#ifdef __x86_64__
#include "processor.hpp"

#include <cpuid.h>

#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace sonolucent::fused {

bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
bool has_avx512_bf16() {
  return has_avx512() && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512bf16");
}

// Linux grants the matrix unit's registers, 8 KiB a thread, to a process that asks for them.
bool has_amx_bf16() {
#ifdef __linux__
  constexpr unsigned kTilesAndBfloat16 = 1U << 22 | 1U << 24;
  constexpr int kAskForState = 0x1023, kTileData = 18;
  unsigned eax, ebx, ecx, edx;
  if (!has_avx512_bf16() || !__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return false;
  if ((edx & kTilesAndBfloat16) != kTilesAndBfloat16) return false;
  return syscall(SYS_arch_prctl, kAskForState, kTileData) == 0;
#else
  return false;
#endif
}

}  // namespace sonolucent::fused
#endif
