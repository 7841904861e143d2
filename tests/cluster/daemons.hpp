#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cluster/workspace.hpp"
#include "troupe/cluster/launch/child_processes.hpp"

namespace troupe::testing {

/// Sets a variable of the environment as long as this lives.
class environment_variable {
 public:
  environment_variable(std::string name, const std::string& value);
  ~environment_variable();
  environment_variable(const environment_variable&) = delete;
  environment_variable& operator=(const environment_variable&) = delete;

 private:
  std::string name_, before_;
  bool was_set_;
};

/// What a shell command writes to its standard output and error.
std::string output_of(const std::string& command);
bool succeeds(const std::string& command);
bool are_installed(const std::vector<std::string>& programs);

/// A TCP port of loopback that nobody listens on at the moment.
std::uint16_t free_port();

/// Programs that serve a test, with their logs in its folder. They end with this, or with the test
/// program, whatever comes first.
class daemons {
 public:
  explicit daemons(const std::string& logs) : children_(logs, child_processes::target::group) {}
  void start(const std::string& name, const command_words& command);
  /// Whether one has ended; `why` then says which, how, and its last words.
  bool failed();
  const std::string& why() const { return why_; }
  void stop() { children_.stop(0); }

 private:
  child_processes children_;
  std::string why_;
};

}  // namespace troupe::testing
