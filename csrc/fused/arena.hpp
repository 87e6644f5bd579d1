#pragma once

#include <cstddef>

namespace sonolucent::fused {

constexpr std::size_t kAlignment = 16;  // floats: one cache line, the widest vector

// One block of memory, on huge pages where the system has them, handed out piece by piece.
class Arena {
 public:
  // Without memory: adds up what is taken.
  Arena() = default;
  // Filled with `fill`. Throws std::bad_alloc.
  Arena(std::size_t floats, float fill);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // `floats` of them, aligned; null from an arena without memory.
  float* take(std::size_t floats);
  std::size_t taken() const { return taken_; }

 private:
  float* memory_ = nullptr;
  std::size_t taken_ = 0;
};

}  // namespace sonolucent::fused
