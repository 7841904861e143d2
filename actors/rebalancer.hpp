#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace troupe {

/// How fast each worker is, when it will be through with what it holds, and whose work had better
/// be moved. Rows are all it knows of work; times are seconds of one clock, handed in. Every call
/// takes O(log workers), except `shares`. No CAF.
///
/// The rule is that of FlexRR (Harlap et al., "Addressing the straggler problem for iterative
/// convergent parallel ML", SoCC 2016) with the books at one place: whoever has nothing left takes
/// over from the one who would be through last, if that ends the work noticeably sooner.
class rebalancer {
 public:
  /// Leases are not cut shorter than these seconds of work. What would gain no more is left where
  /// it is: it would be moved whole, and could be moved back and forth for ever.
  static constexpr double least_lease = 0.02;

  explicit rebalancer(std::uint32_t workers) : workers_(workers) {}
  /// One worker more.
  void extend() { workers_.emplace_back(); }

  /// A worker trained a window of `rows` in `seconds`, without those it waited for others.
  void trained(std::uint32_t worker, std::uint64_t rows, double seconds);
  /// What a worker holds to train from now on; 0: nothing. `fresh`: it has just reported, or begins
  /// with the first of it now.
  void holds(std::uint32_t worker, std::uint64_t rows, bool fresh, double now);
  /// Another actor plays this worker: nothing is known of it.
  void forget(std::uint32_t worker);

  /// Rows a second: the median of its last five windows without the first, so that two that stalled
  /// count for nothing; 0 before the first.
  double speed(std::uint32_t worker) const { return workers_[worker].speed; }
  /// Of all workers together, those that are known.
  double speed() const noexcept { return total_speed_; }
  /// Rows that are held by all together.
  std::uint64_t rows_held() const noexcept { return held_; }
  /// When the worker will be through with what it holds, as far as it can be told.
  double finish(std::uint32_t worker) const { return workers_[worker].finish; }

  /// Whose work ought to be moved to an idle worker that trains `idle_speed` rows a second, in
  /// mini-batches of `batch_rows`; none where that would gain too little. `now` must not go back.
  std::optional<std::uint32_t> straggler(double idle_speed, std::uint64_t batch_rows, double now);
  /// This worker's work is being moved: it is no straggler until it holds something anew.
  void spare(std::uint32_t worker);

  /// How `rows` should be split among these workers so that all take equally long, at least one
  /// each where there are enough; an unknown speed counts as the mean of the known ones.
  std::vector<std::uint64_t> shares(const std::vector<std::uint32_t>& of, std::uint64_t rows) const;
  /// How much longer the slowest of them takes with these shares than all would with the best ones:
  /// 1 is balanced. 1 while a speed is not known.
  double spread(const std::vector<std::uint32_t>& of,
                const std::vector<std::uint64_t>& shares) const;

 private:
  struct pace {
    std::array<double, 5> recent{};  // speeds of its last windows
    std::uint32_t windows = 0;
    bool settled = false;  // the first window is not among them
    double speed = 0;
    std::uint64_t held = 0;
    double since = 0;   // when it began with what it holds
    double finish = 0;  // as far as that can be told
    bool listed = false;
  };
  void unlist(std::uint32_t worker);
  void project(std::uint32_t worker);

  std::vector<pace> workers_;
  std::set<std::pair<double, std::uint32_t>> by_finish_;  // of those whose work may be moved
  double total_speed_ = 0;
  std::uint64_t held_ = 0;
};

}  // namespace troupe
