#pragma once

#include <memory>
#include <string>

#include "cluster/daemons.hpp"
#include "cluster/workspace.hpp"

namespace troupe::testing {

/// A real sshd on a free port of loopback, with keys of its own, that lets in the user of the test.
class ssh_server {
 public:
  /// None, with a message, where sshd is not installed or does not run.
  static std::unique_ptr<ssh_server> start();

  /// For `cluster_spec::launcher_options`. With them every host, by any name, is this server.
  std::string options() const { return "-F " + here_ / "ssh_config"; }

 private:
  ssh_server() : daemons_(here_.path()) {}
  void write_configuration(std::uint16_t port) const;
  /// \returns what went wrong; "" for nothing.
  std::string try_start();

  workspace here_;
  daemons daemons_;
};

}  // namespace troupe::testing
