#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "troupe/base/settings.hpp"
#include "troupe/base/span.hpp"

namespace troupe {

struct rule_spec {
  std::string name = "sgd";
  settings options;
};

/// What is done with a gradient: x <- x + f(g). Holds its state (moments ...) for `count` numbers;
/// one per replica on a worker, one per slice on a server. One thread.
class gradient_rule {
 public:
  virtual ~gradient_rule() = default;
  /// One step. x and g have `count` numbers. `fraction` in [0, 1] is the share of the run's rows
  /// that has been trained: learning-rate schedules follow it. g may be overwritten (clipping,
  /// weight decay).
  virtual void step(span<float> x, span<float> g, double fraction) = 0;
  /// The state as flat floats, for checkpoints and replicas; empty for plain sgd. The step
  /// counter travels as `steps`.
  virtual span<float> state() { return {}; }
  virtual std::uint64_t steps() const = 0;
  virtual void set_steps(std::uint64_t steps) = 0;
};

struct rule_entry {
  std::string name;
  std::string summary;  ///< one sentence with the source
  std::vector<setting> options;
  /// Makes the rule for vectors of `count` numbers, or throws error (job) with an empty place and
  /// the reason where two options do not fit each other (an exponential schedule that ends at 0).
  std::function<std::unique_ptr<gradient_rule>(const settings& options, std::size_t count)> make;
};

}  // namespace troupe
