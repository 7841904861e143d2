#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "troupe/actors/row_feed.hpp"
#include "troupe/actors/run_plan.hpp"

namespace troupe {

/// What a worker owns and computes on: parameters, gradient, batch statistics, the network with its
/// activations, the gradient rule, and the worker's half of the protocol. No CAF; one thread.
class replica {
 public:
  /// Of a worker of this group.
  /// `rate`: factor of the job's learning rate, in (0, 1]. \throws error (run) for another.
  explicit replica(const std::shared_ptr<const run_plan>& plan, std::uint32_t group = 0,
                   double rate = 1);

  /// One slice of the centre to start from.
  void install(std::size_t slice, span<const float> center);
  /// All slices are installed.
  void start();

  /// Trains one mini-batch (or none, where it is empty); what the protocol wants to say now.
  intent step(const mini_batch& rows);
  /// What closing the window is where the rows ran out.
  intent closing() const { return half_->closing(); }

  /// Sums over the window since the last `new_window`.
  struct window_sums {
    window_facts facts;
    std::uint32_t epoch = 0;
    std::uint64_t first = 0;             ///< position
    std::vector<position_range> ranges;  ///< consecutive mini-batches are one range
    double loss_sum = 0;
    std::uint64_t correct = 0;
  };
  const window_sums& window() const noexcept { return window_; }
  /// Those of the window that closes; a new one begins.
  window_sums close_window();
  /// Whether the loss of every mini-batch so far was finite.
  bool finite() const noexcept { return finite_; }
  /// Mean loss of the last mini-batch with rows.
  double last_loss() const noexcept { return last_loss_; }
  std::uint64_t mini_batches() const noexcept { return mini_batches_; }

  /// Fills the payload of a slice's commit, of the window that was closed last.
  void write(std::size_t slice, const window_facts& closed, span<float> payload);
  /// The commit of a slice is written, and the next window begins before it is answered.
  void sent(std::size_t slice);
  /// What the server said to the commit of a slice that carried `sent`.
  enum class news { applied, repeat, dropped, pushed };
  /// `center` is empty after a push.
  void answered(std::size_t slice, news what, span<const float> sent, span<const float> center);
  /// The answer to a commit after which `trained` was trained on already; applied or repeat.
  void answered_late(std::size_t slice, news what, const window_facts& trained,
                     span<const float> sent, span<const float> center);
  /// A slice of the centre that was asked for in between.
  void fetched(std::size_t slice, span<const float> center);

 private:
  replica(std::shared_ptr<const run_plan> plan, std::uint32_t group, const protocol_setup& setup);
  span<float> part(std::size_t slice);
  void begin_window();
  void write_statistics(const window_facts& closed, span<float> payload) const;
  void rebase_statistics(const window_facts& trained, span<const float> center);

  std::shared_ptr<const run_plan> plan_;
  std::uint32_t group_;
  network network_;
  std::unique_ptr<gradient_rule> rule_;  // null where the rule is not the worker's
  std::unique_ptr<worker_half> half_;
  std::vector<float> parameters_, gradient_, statistics_;
  std::vector<float> statistics_base_;  // the centre's, that this window started from
  window_sums window_;
  std::uint64_t mini_batches_ = 0;
  bool finite_ = true;
  double last_loss_ = 0;
};

}  // namespace troupe
