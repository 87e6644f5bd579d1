#include "arena.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace sonolucent::fused {
namespace {

constexpr std::size_t kHugePage = 2 << 20;

}  // namespace

Arena::Arena(std::size_t floats, float fill) {
  const std::size_t bytes = (floats * sizeof(float) + kHugePage - 1) / kHugePage * kHugePage;
  memory_ = static_cast<float*>(std::aligned_alloc(kHugePage, bytes));
  if (memory_ == nullptr) throw std::bad_alloc();
#ifdef __linux__
  madvise(memory_, bytes, MADV_HUGEPAGE);
#endif
  std::fill_n(memory_, floats, fill);
}

Arena::~Arena() { std::free(memory_); }

float* Arena::take(std::size_t floats) {
  float* const piece = memory_ == nullptr ? nullptr : memory_ + taken_;
  taken_ += (floats + kAlignment - 1) / kAlignment * kAlignment;
  return piece;
}

}  // namespace sonolucent::fused
