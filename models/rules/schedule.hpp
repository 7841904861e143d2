#pragma once

#include <cstdint>
#include <vector>

#include "troupe/base/settings.hpp"

namespace troupe {

/// The rate of a gradient rule over a run, as a function of the share of the run's rows that all
/// workers together have trained. With p = (fraction - warm_up) / (1 - warm_up), e = schedule_end
/// and n = schedule_steps, the rate is learning_rate times
///
///     constant     1
///     linear       1 - (1 - e) p
///     exponential  e^p
///     cosine       e + (1 - e) (1 + cos(pi p)) / 2      (Loshchilov, Hutter, ICLR'17, one cycle)
///     step         e^(k / (n - 1)), k = floor(n p)      (n equal stages, the last one at e)
///
/// and, while fraction < warm_up, learning_rate times 0.01 + 0.99 fraction / warm_up (Goyal et al.
/// 2017; not from 0, so that a run which never hears of its progress still trains).
class rate_schedule {
 public:
  /// `options` resolved against a declaration that holds `declared()` and `learning_rate`.
  /// \throws error (job) with an empty place where an exponential or step schedule ends at 0.
  explicit rate_schedule(const settings& options);

  /// `fraction` outside [0, 1] counts as the nearer end; not-a-number as 0.
  double rate(double fraction) const noexcept;

  /// The options of every schedule.
  static std::vector<setting> declared();

 private:
  enum class kind { constant, linear, exponential, cosine, step };

  double share(double p) const noexcept;

  double learning_rate_;
  kind kind_;
  double end_;
  std::int64_t steps_;
  double warm_up_;
};

}  // namespace troupe
