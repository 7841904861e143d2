#include "troupe/models/rules/schedule.hpp"

#include <algorithm>
#include <cmath>

namespace troupe {

namespace {

// In the order of rate_schedule::kind.
const words& kinds() {
  static const words names{"constant", "linear", "exponential", "cosine", "step"};
  return names;
}

constexpr double first_share = 0.01;
constexpr double pi = 3.14159265358979323846;

}  // namespace

std::vector<setting> rate_schedule::declared() {
  return {
      declare::text("schedule", "how the rate changes over the run, by the share of rows trained",
                    "constant")
          .one_of(kinds()),
      declare::number("schedule_end", "rate at the end of the run, as a share of learning_rate",
                      0.01)
          .at_least(0)
          .at_most(1),
      declare::integer("schedule_steps", "stages of equal length of the schedule 'step'", 3)
          .at_least(2)
          .at_most(1000),
      declare::number("warm_up", "share of the run over which the rate first rises to its full",
                      0.0)
          .at_least(0)
          .below(1),
  };
}

rate_schedule::rate_schedule(const settings& options)
    : learning_rate_(options.number("learning_rate")),
      end_(options.number("schedule_end")),
      steps_(options.integer("schedule_steps")),
      warm_up_(options.number("warm_up")) {
  const std::string& name = options.text("schedule");
  const auto found = std::find(kinds().begin(), kinds().end(), name);
  if (found == kinds().end()) throw job_error("", unknown_word("schedule", name, kinds()));
  kind_ = static_cast<kind>(found - kinds().begin());
  if (end_ <= 0 && (kind_ == kind::exponential || kind_ == kind::step)) {
    throw job_error("", "the schedule '" + name + "' needs a 'schedule_end' above 0");
  }
}

double rate_schedule::rate(double fraction) const noexcept {
  const double f = fraction > 0 ? std::min(fraction, 1.0) : 0.0;
  if (f < warm_up_) {
    return learning_rate_ * (first_share + (1 - first_share) * f / warm_up_);
  }
  return learning_rate_ * share((f - warm_up_) / (1 - warm_up_));
}

double rate_schedule::share(double p) const noexcept {
  switch (kind_) {
    case kind::constant:
      break;
    case kind::linear:
      return 1 - (1 - end_) * p;
    case kind::exponential:
      return std::pow(end_, p);
    case kind::cosine:
      return end_ + (1 - end_) * (1 + std::cos(pi * p)) / 2;
    case kind::step: {
      const double n = static_cast<double>(steps_);
      return std::pow(end_, std::min(std::floor(n * p), n - 1) / (n - 1));
    }
  }
  return 1;
}

}  // namespace troupe
