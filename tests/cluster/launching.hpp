#pragma once

#include <poll.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "cluster/workspace.hpp"
#include "troupe/base/error.hpp"
#include "troupe/cluster/launch/launcher.hpp"

namespace troupe::testing {

/// Whether a condition comes true in time.
template <class Condition>
bool comes_true(Condition condition, std::chrono::seconds limit = std::chrono::seconds(30)) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    poll(nullptr, 0, 10);
  }
  return true;
}

/// A shell script in a folder of the test. \returns its path.
inline std::string write_script(const workspace& here, const std::string& name,
                                const std::string& lines) {
  const std::string path = here.write(name, "#!/bin/sh\n" + lines);
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return path;
}

inline node_start node_named(const std::string& name, std::vector<std::string> arguments = {},
                             std::string input = "") {
  node_start start;
  start.node.name = name;
  start.arguments = std::move(arguments);
  start.input = std::move(input);
  return start;
}

/// The first `count` ends of nodes, as "name: how".
inline std::vector<std::string> ends_of(launcher& nodes, std::size_t count) {
  std::vector<std::string> ends;
  const bool all = comes_true([&] {
    for (const node_end& e : nodes.ended()) ends.push_back(e.node + ": " + e.how);
    return ends.size() >= count;
  });
  BOOST_REQUIRE_MESSAGE(all, "only " << ends.size() << " of " << count << " nodes ended");
  return ends;
}

inline std::string end_of(launcher& nodes) {
  return ends_of(nodes, 1).front();
}

/// What an error says; "" where there is none.
template <class Action>
std::string complaint_of(Action action) {
  try {
    action();
  } catch (const error& e) {
    return e.what();
  }
  return "";
}

}  // namespace troupe::testing
