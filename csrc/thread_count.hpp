#pragma once

#include <ATen/Parallel.h>

#include <optional>

namespace sonolucent {

// Sets the calling thread's number of libtorch threads while it lives. Setting it costs a cache of plans, so only when
// it differs.
class ThreadCount {
 public:
  explicit ThreadCount(std::optional<int> threads) : before_(at::get_num_threads()) {
    if (threads) set(*threads);
  }
  ~ThreadCount() { set(before_); }
  ThreadCount(const ThreadCount&) = delete;
  ThreadCount& operator=(const ThreadCount&) = delete;

 private:
  static void set(int threads) {
    if (threads != at::get_num_threads()) at::set_num_threads(threads);
  }

  int before_;
};

}  // namespace sonolucent
