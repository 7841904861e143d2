#pragma once

#include <caf/error.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "troupe/actors/cast.hpp"
#include "troupe/actors/configure.hpp"
#include "troupe/actors/run_plan.hpp"

namespace troupe {

/// Slices of one exchange under way at a time: enough to keep servers and wire busy, few enough
/// that what is in flight stays in the cache.
constexpr std::size_t slice_credit = 8;
/// How long an answer may take before the one who waits gives up and says so.
constexpr std::chrono::seconds answer_timeout{60};

/// Servers of the slices, as a route names them. \throws error (run) for a route that does not
/// fit the run or the servers.
inline std::vector<parameter_server_actor> homes_of(
    const schema::Route::Reader& route, const run_plan& plan,
    const std::vector<parameter_server_actor>& servers) {
  if (route.getRun() != plan.run || route.getSlices().size() != plan.slice_count()) {
    throw run_error("route", "it does not fit the run");
  }
  std::vector<parameter_server_actor> home;
  for (const std::uint32_t server : route.getSlices()) {
    if (server >= servers.size()) throw run_error("route", "it names a server that is not there");
    home.push_back(servers[server]);
  }
  return home;
}

/// Pulls the whole centre for an actor, a few slices at a time.
class center_puller {
 public:
  /// Which slices, and for whom.
  struct whose {
    std::uint32_t first_slice = 0;  ///< number of the first one in `home`
    std::uint32_t worker = schema::Pull::NOBODY;
  };
  /// One slice is here: its place in `home`, version and numbers (of the right length).
  using slice_handler =
      std::function<void(std::size_t slice, std::uint64_t version, span<const float> values)>;

  using failure_handler = std::function<void(const std::string& why)>;

  /// Calls `on_slice` for every slice of `home`, then `done`. In a synchronous run a pull for
  /// nobody brings all slices of one round: where a round has gone by in between, it starts again,
  /// and `on_slice` is called again for the slices before. An answer that does not come or does not
  /// fit goes to `failed`, once, with what is wrong; that a server is gone does not: a route to
  /// another one comes, for `again`. `self` and `home` must outlive the pull, and so must this. A
  /// pull before that is under way is dropped.
  template <class Self>
  void pull(Self* self, const run_plan& plan, const std::vector<parameter_server_actor>& home,
            whose of, slice_handler on_slice, std::function<void()> done, failure_handler failed) {
    of_ = of;
    on_slice_ = std::move(on_slice);
    done_ = std::move(done);
    failed_ = std::move(failed);
    again(self, plan, home);
  }

  /// From the beginning, if a pull is under way: slices have other homes.
  template <class Self>
  void again(Self* self, const run_plan& plan, const std::vector<parameter_server_actor>& home) {
    if (!done_) return;
    ++pull_;
    torn_ = false;
    next_ = unanswered_ = 0;
    round_.reset();
    attempts_ = plan.in_rounds() && of_.worker == schema::Pull::NOBODY ? most_attempts : 0;
    more(self, plan, home);
  }

 private:
  template <class Self>
  void more(Self* self, const run_plan& plan, const std::vector<parameter_server_actor>& home) {
    const bool whole_round = attempts_ > 0;
    for (; next_ < home.size() && unanswered_ < slice_credit; ++next_, ++unanswered_) {
      if (whole_round && next_ == 1 && !round_) return;  // the first slice says which round
      wire_builder<schema::Pull> message;
      message->setRun(plan.run);
      message->setSlice(of_.first_slice + static_cast<std::uint32_t>(next_));
      message->setWorker(of_.worker);
      message->setVersion(whole_round ? round_.value_or(0) : 0);
      self->request(home[next_], answer_timeout, std::move(message).finish())
          .then(
              [this, self, &plan, &home, slice = next_, pull = pull_](const center_msg& center) {
                if (pull != pull_) return;
                const auto values = floats_of((*center).getPayload());
                if (values.size() != plan.range_of(of_.first_slice + slice).count) {
                  return fail("the centre of slice " + std::to_string(slice) +
                              " has another length");
                }
                --unanswered_;
                if (attempts_ > 0 && !same_round(slice, (*center).getVersion())) {
                  if (unanswered_ == 0) restart(self, plan, home);
                  return;
                }
                on_slice_(slice, (*center).getVersion(), values);
                more(self, plan, home);
              },
              [this, self, pull = pull_](const caf::error& problem) {
                if (pull != pull_ || problem == caf::sec::request_receiver_down) return;
                fail("pulling the centre: " + text_of(problem, self->system().config()));
              });
    }
    if (unanswered_ > 0) return;
    // Taken out first: `done` may start the next pull, which sets the handlers anew.
    const auto done = std::exchange(done_, nullptr);
    done();
  }

  void fail(const std::string& why) {
    ++pull_;  // what is under way is not waited for
    done_ = nullptr;
    const auto failed = std::exchange(failed_, nullptr);
    failed(why);
  }

  /// In how many goes a whole round is asked for; after that slices of several will do.
  static constexpr int most_attempts = 20;

  bool same_round(std::size_t slice, std::uint64_t version) {
    if (slice == 0) round_ = version;
    torn_ = torn_ || version != round_;
    return !torn_;
  }

  template <class Self>
  void restart(Self* self, const run_plan& plan, const std::vector<parameter_server_actor>& home) {
    torn_ = false;
    next_ = 0;
    round_.reset();
    --attempts_;
    more(self, plan, home);
  }

  std::uint64_t pull_ = 0;  // pulls so far
  whose of_;
  std::optional<std::uint64_t> round_;
  int attempts_ = 0;
  bool torn_ = false;  // a later round than that of the first slice was met
  std::size_t next_ = 0, unanswered_ = 0;
  slice_handler on_slice_;
  std::function<void()> done_;
  failure_handler failed_;
};

}  // namespace troupe
