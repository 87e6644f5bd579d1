#include "heap.hpp"

#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace sonolucent {

void keep_freed_memory() {
#ifdef __GLIBC__
  // 32 MiB is the most that every glibc accepts here; the largest feature map of a full network has 20.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 512 << 20);
  mallopt(M_TOP_PAD, 64 << 20);
#endif
}

}  // namespace sonolucent
