// A team by itself: every piece of every round is done once, whoever does it; threads keep off their caller's processor
// though the others are busy.

#ifdef __linux__
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#include "fused/shares.hpp"
#include "fused/team.hpp"
#include "require.hpp"

namespace {

using namespace sonolucent::fused;

void every_piece_is_done_once() {
  constexpr int kRounds = 3;
  for (const int threads : {1, 2, 5})
    for (const int pieces : {1, 4, 24}) {
      Team team(threads);
      Shares shares(kRounds, pieces, threads);
      for (int frame = 0; frame < 50; ++frame) {
        std::vector<std::atomic<int>> done(kRounds * pieces);
        shares.reset();
        team.run([&](int thread) {
          for (int round = 0; round < kRounds; ++round)
            shares.work_through(round, thread, [&](int piece) { ++done[round * pieces + piece]; });
        });
        for (const auto& times : done) require(times == 1, "a piece was done " + std::to_string(times) + " times");
      }
    }
}

template <class Condition>
void require_soon(const Condition& condition, const char* what) {
  const auto late = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    require(std::chrono::steady_clock::now() < late, what);
    std::this_thread::yield();
  }
}

void nobody_waits_for_pieces_that_another_has_not_begun() {
  constexpr int kPieces = 8;
  Team team(2);
  Shares shares(1, kPieces, 2);
  shares.reset();
  std::atomic<int> done{0};
  std::atomic<bool> held{false};
  team.run([&](int thread) {
    shares.work_through(0, thread, [&](int) {
      if (thread == 1) held = true;
      require_soon([&] { return thread == 1 ? done == kPieces - 1 : held.load(); },
                   "a piece of a thread held up waits");
      ++done;
    });
  });
  require(done == kPieces, "not all pieces were done");
}

#ifdef __linux__
void threads_keep_off_their_callers_processor() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) < 2) return;
  std::atomic<bool> ending{false};
  std::vector<std::thread> busy;
  for (int i = 1; i < CPU_COUNT(&allowed); ++i)
    busy.emplace_back([&ending] {
      setpriority(PRIO_PROCESS, syscall(SYS_gettid), 19);
      while (!ending) continue;
    });
  Team team(2);
  constexpr int kRuns = 50;
  int together = 0;
  for (int i = 0; i < kRuns; ++i) {
    int processors[2];
    team.run([&](int thread) {
      const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(4);
      while (std::chrono::steady_clock::now() < end) continue;
      processors[thread] = sched_getcpu();
    });
    together += processors[0] == processors[1];
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ending = true;
  for (auto& thread : busy) thread.join();
  // The caller itself may be moved meanwhile. Without, it is more than half of the times.
  require(together <= kRuns / 5,
          std::to_string(together) + " of " + std::to_string(kRuns) + " times two threads shared a processor");
}
#endif

}  // namespace

int main() {
  every_piece_is_done_once();
  nobody_waits_for_pieces_that_another_has_not_begun();
#ifdef __linux__
  threads_keep_off_their_callers_processor();
#endif
  std::puts("team_test: all is well");
}
