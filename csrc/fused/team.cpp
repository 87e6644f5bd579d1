#include "team.hpp"

#include <chrono>
#include <memory>
#include <system_error>

#ifdef __linux__
#include <pthread.h>
#include <sched.h>
#endif
#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace sonolucent::fused {
namespace {

// Longer than threads of equal work wait for each other, shorter than anybody notices.
constexpr std::chrono::microseconds kSpin{100};

void pause() {
#ifdef __x86_64__
  _mm_pause();
#endif
}

}  // namespace

void Gate::advance() {
  count_.fetch_add(1);
  if (sleepers_.load() == 0) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  woken_.notify_all();
}

void Gate::wait_beyond(unsigned count) {
  const auto give_up = std::chrono::steady_clock::now() + kSpin;
  while (std::chrono::steady_clock::now() < give_up) {
    for (int i = 0; i < 16; ++i, pause())
      if (this->count() != count) return;
  }
  std::unique_lock<std::mutex> lock(mutex_);
  ++sleepers_;
  woken_.wait(lock, [&] { return count_.load() != count; });
  --sleepers_;
}

Team::Team(int size) : size_(size) {
  try {
    for (int i = 1; i < size; ++i) threads_.emplace_back([this, i] { work(i); });
  } catch (const std::system_error&) {
    dismiss();
    throw;
  }
}

Team::~Team() { dismiss(); }

void Team::dismiss() {
  ending_ = true;
  begun_.advance();
  for (auto& thread : threads_) thread.join();
}

void Team::run(const std::function<void(int)>& job) {
  job_ = &job;
  if (size_ > 1) {
    keep_off_this_processor();
    begun_.advance();
  }
  job(0);
  barrier();
}

void Team::barrier() {
  if (size_ == 1) return;
  const unsigned passed = passed_.count();
  if (arrived_.fetch_add(1) + 1 < size_) return passed_.wait_beyond(passed);
  arrived_.store(0);
  passed_.advance();
}

// A scheduler that finds every processor busy, if only with what has the lowest priority, wakes a thread where its
// caller runs, and moves it late or never: the two would take turns.
void Team::keep_off_this_processor() {
#ifdef __linux__
  const int here = sched_getcpu();
  cpu_set_t allowed;
  if (here < 0 || here == processor_ || sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  cpu_set_t others = allowed;
  CPU_CLR(here, &others);
  const bool enough = CPU_COUNT(&others) >= size_ - 1;
  for (auto& thread : threads_)
    pthread_setaffinity_np(thread.native_handle(), sizeof allowed, enough ? &others : &allowed);
  processor_ = here;
#endif
}

void Team::work(int number) {
  for (unsigned frame = 0;; ++frame) {
    begun_.wait_beyond(frame);
    if (ending_) return;
    (*job_)(number);
    barrier();
  }
}

Team& team_of_this_thread(int size) {
  thread_local std::unique_ptr<Team> team;
  if (!team || team->size() != size) {
    team.reset();
    team = std::make_unique<Team>(size);
  }
  return *team;
}

}  // namespace sonolucent::fused
