#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace sonolucent::fused {

// Lets threads wait for a count to change: they spin for a moment, then sleep.
class Gate {
 public:
  unsigned count() const { return count_.load(std::memory_order_acquire); }
  void advance();
  void wait_beyond(unsigned count);

 private:
  std::atomic<unsigned> count_{0};
  std::atomic<int> sleepers_{0};
  std::mutex mutex_;
  std::condition_variable woken_;
};

// Threads that live as long as the team and do one job together; the caller's thread is number 0. Where there are
// processors enough (Linux), the others may run on all that the caller may, but the one on which it began the job.
class Team {
 public:
  // Throws std::system_error: the system starts no more threads.
  explicit Team(int size);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int size() const { return size_; }

  // Calls job(i) on thread i and returns when all have done so. The job must not throw.
  void run(const std::function<void(int)>& job);

  // Within a job: waits until every thread has come here.
  void barrier();

 private:
  void work(int number);
  void dismiss();
  void keep_off_this_processor();

  const int size_;
  const std::function<void(int)>* job_ = nullptr;
  bool ending_ = false;
  int processor_ = -1;  // that the threads keep off, the caller's
  Gate begun_, passed_;
  std::atomic<int> arrived_{0};
  std::vector<std::thread> threads_;
};

// The team of the calling thread, which lives as long as that does or until it asks for another size. A team has the
// priority of its thread: a network that warms up in a thread of low priority leaves the cores to the images that
// another thread makes, and is at full speed in that one's team from its first image on.
// Throws std::system_error: the system starts no more threads.
Team& team_of_this_thread(int size);

}  // namespace sonolucent::fused
