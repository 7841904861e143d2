#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

/// Processes of this machine that talk to an actor of this one.
namespace troupe::bench {

/// Reads or writes all of it, or ends the process: a peer that is gone has said why.
std::string read_text(int from, std::size_t bytes);
void write_bytes(int to, const void* bytes, std::size_t count);

/// What the process that is asked offers, and what those that ask do: it makes a number, which the
/// first gets.
struct node_work {
  std::function<caf::actor(caf::actor_system&)> offer;
  std::function<std::set<std::string>(caf::actor_system&)> signatures;
  std::function<double(caf::actor_system&, const caf::actor& offered, std::uint32_t number)> ask;
};

/// `count` processes that ask, each in a system of its own, over "shared" (TLS, large messages
/// through shared memory), "tls" or "tcp". To be called before this process has threads.
std::vector<double> over_nodes(const std::string& transport, std::uint32_t count,
                               const node_work& work);

}  // namespace troupe::bench
