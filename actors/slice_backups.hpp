#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

namespace troupe {

/// What the backups of one slice hold of it, counted in changes, and what waits until all of them
/// hold what was done before. An image is whole, so those that are sent while another one is on its
/// way are one: however slow a backup is, at most one image is. No CAF.
template <class Peer>
class slice_backups {
 public:
  using action = std::function<void()>;
  using actions = std::vector<action>;

  /// These from now on; what is known of those that stay is kept.
  void set(const std::vector<Peer>& peers) {
    std::vector<backup> now;
    for (const Peer& peer : peers) {
      const auto known =
          std::find_if(all_.begin(), all_.end(), [&](const backup& b) { return b.peer == peer; });
      now.push_back(known == all_.end() ? backup{peer, 0, 0} : *known);
    }
    all_ = std::move(now);
    changed();
  }

  void changed() noexcept { ++changes_; }
  std::uint64_t changes() const noexcept { return changes_; }

  /// Those to be sent the slice as it stands, which then counts as on its way.
  std::vector<Peer> due() {
    std::vector<Peer> out;
    for (backup& b : all_) {
      if (b.sent != b.holds || b.sent == changes_) continue;
      b.sent = changes_;
      out.push_back(b.peer);
    }
    return out;
  }

  /// This one holds all up to that change.
  void holds(const Peer& peer, std::uint64_t change) {
    for (backup& b : all_) {
      if (b.peer == peer) b.holds = std::max(b.holds, std::min(change, b.sent));
    }
  }

  /// To be done once the backups hold all up to now.
  void then(action what) { waiting_.emplace_back(changes_, std::move(what)); }

  /// What is to be done now, in the order of `then`.
  actions take_ready() {
    std::uint64_t held = changes_;
    for (const backup& b : all_) held = std::min(held, b.holds);
    actions out;
    for (; !waiting_.empty() && waiting_.front().first <= held; waiting_.pop_front()) {
      out.push_back(std::move(waiting_.front().second));
    }
    return out;
  }

 private:
  struct backup {
    Peer peer;
    std::uint64_t holds = 0, sent = 0;
  };
  std::vector<backup> all_;
  std::uint64_t changes_ = 0;
  std::deque<std::pair<std::uint64_t, action>> waiting_;
};

}  // namespace troupe
