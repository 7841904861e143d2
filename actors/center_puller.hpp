#pragma once

#include <caf/error.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
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
  /// One slice is here: its number, version and numbers (of the right length).
  using slice_handler =
      std::function<void(std::size_t slice, std::uint64_t version, span<const float> values)>;

  /// Calls `on_slice` for every slice, then `done`. An answer that does not come or does not fit
  /// goes to `failed`, with what is wrong. `self` must outlive the pull, and so must this.
  template <class Self>
  void pull(Self* self, const run_plan& plan, const std::vector<parameter_server_actor>& home,
            slice_handler on_slice, std::function<void()> done,
            std::function<void(const std::string&)> failed) {
    next_ = unanswered_ = 0;
    on_slice_ = std::move(on_slice);
    done_ = std::move(done);
    failed_ = std::move(failed);
    more(self, plan, home);
  }

 private:
  template <class Self>
  void more(Self* self, const run_plan& plan, const std::vector<parameter_server_actor>& home) {
    for (; next_ < home.size() && unanswered_ < slice_credit; ++next_, ++unanswered_) {
      wire_builder<schema::Pull> message;
      message->setRun(plan.run);
      message->setSlice(static_cast<std::uint32_t>(next_));
      self->request(home[next_], answer_timeout, std::move(message).finish())
          .then(
              [this, self, &plan, &home, slice = next_](const center_msg& center) {
                const auto values = floats_of((*center).getPayload());
                if (values.size() != plan.range_of(slice).count) {
                  return failed_("the centre of slice " + std::to_string(slice) +
                                 " has another length");
                }
                on_slice_(slice, (*center).getVersion(), values);
                --unanswered_;
                more(self, plan, home);
              },
              [this, self](const caf::error& problem) {
                failed_("pulling the centre: " + text_of(problem, self->system().config()));
              });
    }
    if (unanswered_ > 0) return;
    // Taken out first: `done` may start the next pull, which sets the handlers anew.
    const auto done = std::exchange(done_, nullptr);
    done();
  }

  std::size_t next_ = 0, unanswered_ = 0;
  slice_handler on_slice_;
  std::function<void()> done_;
  std::function<void(const std::string&)> failed_;
};

}  // namespace troupe
