#pragma once

#include <atomic>
#include <cstddef>
#include <vector>

namespace sonolucent::fused {

// Work in rounds of equally many pieces. Each thread has neighbouring pieces of its own, the same ones in every round,
// whose data are near it; through with them, it takes what others have not begun.
class Shares {
 public:
  Shares(int rounds, int pieces, int threads)
      : pieces_(pieces), threads_(threads), next_(static_cast<std::size_t>(rounds) * threads) {}

  // Gives all pieces of all rounds back, while no thread works.
  void reset() {
    for (std::size_t i = 0; i < next_.size(); ++i) next_[i].piece = begin(static_cast<int>(i % threads_));
  }

  // Calls work(piece) for those that fall to `thread`, until none is left of this round.
  template <class Work>
  void work_through(int round, int thread, const Work& work) {
    for (int i = 0; i < threads_; ++i) {
      const int owner = (thread + i) % threads_, end = begin(owner + 1);
      auto& next = next_[static_cast<std::size_t>(round) * threads_ + owner].piece;
      for (int piece; (piece = next.fetch_add(1, std::memory_order_relaxed)) < end;) work(piece);
    }
  }

 private:
  // Apart, so that threads that take from different ones do not wait for a cache line.
  struct alignas(64) Next {
    std::atomic<int> piece{0};
  };

  int begin(int owner) const { return static_cast<int>(static_cast<long long>(pieces_) * owner / threads_); }

  int pieces_, threads_;
  std::vector<Next> next_;
};

}  // namespace sonolucent::fused
