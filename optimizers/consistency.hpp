#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "troupe/base/registry.hpp"
#include "troupe/base/settings.hpp"

namespace troupe {

/// Who takes part in a run, numbered so that everyone can tell an old membership from a new one.
struct membership {
  struct member {
    std::uint32_t worker = 0;
    /// Windows it had committed when it joined; those it commits from then on count up from here.
    std::uint64_t from_clock = 0;
    bool operator==(const member& o) const {
      return worker == o.worker && from_clock == o.from_clock;
    }
  };
  std::uint64_t number = 0;
  std::vector<member> members;  ///< ascending workers
};

/// Decides, for one slice, when a commit is applied and when its worker is answered. It sees who
/// commits and how many windows they have committed (their clock: 1, 2, 3 ...), never what. One
/// worker has one commit under way at a time. Pure: the server does what it says, in order.
class consistency {
 public:
  struct step {
    enum class kind {
      apply,    ///< apply the commit that has just arrived; its worker is not answered yet
      release,  ///< answer these workers, whose commits are applied
      round,    ///< apply the kept commits of these (or of nobody) as one round, then answer them
      drop,     ///< forget the kept commits of these, which came too late, and tell them
    };
    kind what = kind::apply;
    std::vector<std::uint32_t> workers;  ///< ascending
    std::uint64_t clock = 0;             ///< of a round
  };
  using steps = std::vector<step>;

  virtual ~consistency() = default;

  /// A commit arrived. What is not applied at once is kept by the server until it is in a round or
  /// dropped; a worker that is not answered waits.
  virtual steps commit(std::uint32_t worker, std::uint64_t clock) = 0;

  /// A later membership holds. Members that are gone are released and waited for no more.
  virtual steps join(const membership& now) = 0;

  /// The round of `clock` consists of these workers' commits: another slice's server decided so
  /// (see consistency_entry::closes_rounds).
  virtual steps close(std::uint64_t clock, const std::vector<std::uint32_t>& accepted) {
    static_cast<void>(clock);
    static_cast<void>(accepted);
    return {};
  }

  /// A worker asks again whether it may go on whose commit of this clock was applied, in the place
  /// of whom this one took over.
  virtual steps again(std::uint32_t worker, std::uint64_t clock) {
    static_cast<void>(clock);
    return {{step::kind::release, {worker}, 0}};
  }

  /// The last round that was applied; 0 where there are none. A worker whose commit was dropped
  /// goes on with the next one.
  virtual std::uint64_t clock() const { return 0; }

  /// What another one needs to go on in its place, once that has heard of the membership and of the
  /// commits that wait.
  struct memory {
    std::uint64_t clock = 0;                                     ///< of the last round
    std::map<std::uint32_t, std::uint64_t> clocks;               ///< of the members' last commits
    std::map<std::uint64_t, std::vector<std::uint32_t>> closed;  ///< rounds to come, decided
  };
  virtual memory remember() const { return {}; }
  /// Before anything else.
  virtual void recall(const memory& of) { static_cast<void>(of); }
};

/// One consistency that jobs can name.
struct consistency_entry {
  std::string name;
  std::string summary;  ///< one sentence
  std::string source;
  std::vector<setting> options;
  /// For one slice. `decides`: it closes rounds for all slices, where `closes_rounds` says that
  /// rounds are closed at all.
  std::function<std::unique_ptr<consistency>(const settings& options, bool decides)> make;
  /// Whether rounds are closed once for all slices, before all members have committed.
  std::function<bool(const settings& options)> closes_rounds = {};
};

/// asynchronous, bounded, synchronous: consistencies.def.
registry<consistency_entry> builtin_consistencies();

}  // namespace troupe
