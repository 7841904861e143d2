#include "troupe/data/readers/ordered_blocks.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace troupe {

namespace {

class ordered_run {
 public:
  ordered_run(line_blocks& blocks, std::size_t threads,
              const std::function<std::unique_ptr<block_work>()>& make,
              const std::function<bool(block_work&)>& take)
      : blocks_(blocks), take_(take), most_threads_(std::max<std::size_t>(threads, 1)) {
    // Enough that nobody waits for a block that is about to be taken.
    slots_.resize(most_threads_ == 1 ? 1 : 2 * most_threads_);
    for (slot& s : slots_) s.work = make();
  }

  void run() {
    share();
    for (std::thread& helper : helpers_) helper.join();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  /// Holds one block after the other, number i in slot i modulo their count.
  struct slot {
    std::unique_ptr<block_work> work;
    std::exception_ptr failure;
    bool ready = false;
  };

  /// What each thread does until all is taken.
  void share() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      if (stopped_ || (ended_ && taken_ == read_)) return;
      slot& oldest = slots_[taken_ % slots_.size()];
      if (!taking_ && taken_ < read_ && oldest.ready) {
        take_one(oldest, lock);
      } else if (!reading_ && !ended_ && read_ - taken_ < slots_.size()) {
        read_and_parse(slots_[read_ % slots_.size()], lock);
      } else {
        changed_.wait(lock);
      }
    }
  }

  void take_one(slot& s, std::unique_lock<std::mutex>& lock) {
    taking_ = true;
    lock.unlock();
    bool more = !s.failure;
    std::exception_ptr failure = s.failure;
    try {
      if (!failure) more = take_(*s.work);
    } catch (...) {
      failure = std::current_exception();
      more = false;
    }
    lock.lock();
    s.ready = false;
    s.failure = nullptr;
    taking_ = false;
    ++taken_;
    if (!more) {
      stopped_ = true;
      failure_ = failure;
    }
    changed_.notify_all();
  }

  void read_and_parse(slot& s, std::unique_lock<std::mutex>& lock) {
    reading_ = true;
    lock.unlock();
    bool got = false;
    try {
      got = blocks_.next(s.work->text);
    } catch (...) {
      s.failure = std::current_exception();
    }
    lock.lock();
    reading_ = false;
    ended_ = !got;
    if (got || s.failure) ++read_;
    if (got && read_ == 2) start_helpers();
    changed_.notify_all();
    if (!got) {
      s.ready = s.failure != nullptr;
      return;
    }
    lock.unlock();
    try {
      s.work->parse();
    } catch (...) {
      s.failure = std::current_exception();
    }
    lock.lock();
    s.ready = true;
    changed_.notify_all();
  }

  void start_helpers() {
    try {
      while (helpers_.size() + 1 < most_threads_) helpers_.emplace_back([this] { share(); });
    } catch (const std::system_error&) {
      // Fewer will do.
    }
  }

  line_blocks& blocks_;
  const std::function<bool(block_work&)>& take_;
  const std::size_t most_threads_;
  std::vector<slot> slots_;
  std::vector<std::thread> helpers_;  // only the caller's thread starts them

  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t read_ = 0, taken_ = 0;  // blocks
  bool reading_ = false, taking_ = false, ended_ = false, stopped_ = false;
  std::exception_ptr failure_;
};

}  // namespace

std::size_t parsing_threads(std::size_t asked) noexcept {
  if (asked != 0) return asked;
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 8);
}

void each_in_order(line_blocks& blocks, std::size_t threads,
                   const std::function<std::unique_ptr<block_work>()>& make,
                   const std::function<bool(block_work&)>& take) {
  ordered_run(blocks, threads, make, take).run();
}

}  // namespace troupe
