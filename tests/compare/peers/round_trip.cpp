// Prints the median time, in nanoseconds, that a cache line takes to the other core and back: two threads pass a number
// to and fro. Virtual cores wander over their host, and code whose threads wait for each other swings with it.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

int main() {
  constexpr int kTrips = 100, kRounds = 25;
  alignas(64) std::atomic<int> ball{0};
  std::thread other([&] {
    for (int i = 0; i < kTrips * kRounds; ++i) {
      while (ball.load(std::memory_order_acquire) != 2 * i + 1) continue;
      ball.store(2 * i + 2, std::memory_order_release);
    }
  });
  std::vector<double> rounds;
  for (int round = 0, i = 0; round < kRounds; ++round) {
    const auto begun = std::chrono::steady_clock::now();
    for (int trip = 0; trip < kTrips; ++trip, ++i) {
      ball.store(2 * i + 1, std::memory_order_release);
      while (ball.load(std::memory_order_acquire) != 2 * i + 2) continue;
    }
    const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - begun;
    rounds.push_back(taken.count() / kTrips);
  }
  other.join();
  std::nth_element(rounds.begin(), rounds.begin() + kRounds / 2, rounds.end());
  std::printf("%.0f\n", rounds[kRounds / 2]);
}
