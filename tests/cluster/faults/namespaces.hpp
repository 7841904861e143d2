#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "cluster/faults/sockets.hpp"

namespace troupe::testing {

/// Machines of our own: network namespaces that a bridge joins, each with an address and loopback.
/// They have no names, so the kernel removes them, with all that is in them, as soon as the last
/// process that uses them ends, however that happens; the machine's own network is not touched.
class namespaces {
 public:
  /// Whether this process may make them; if not (not root, no iproute2 ...), prints which test is
  /// skipped, and why.
  static bool possible();

  /// \throws std::runtime_error with what `ip` says.
  explicit namespaces(std::size_t count);

  std::size_t size() const noexcept { return members_.size(); }
  /// IPv4 address of a namespace, in a /24 that all share.
  std::string address(std::size_t i) const;
  /// For process_options::network.
  int network(std::size_t i) const { return members_.at(i).get(); }
  /// Runs a function in a thread inside a namespace and waits for its end: sockets it makes, and
  /// threads it starts, belong there. \throws what the function throws.
  void inside(std::size_t i, const std::function<void()>& work) const;

  /// Pulls the cable between a namespace and the bridge, or puts it back.
  void link(std::size_t i, bool up) const;
  /// Delay and loss (0 to 1) of what a namespace sends, by the kernel. \returns false where the
  /// kernel has no netem.
  bool disturb(std::size_t i, std::chrono::milliseconds delay, double loss) const;

 private:
  descriptor bridge_;  ///< a namespace of its own
  std::vector<descriptor> members_;
};

}  // namespace troupe::testing
