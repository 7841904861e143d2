#include "cluster/sshd.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <iostream>

#include "cluster/launching.hpp"

namespace troupe::testing {

namespace {

const std::string program = "/usr/sbin/sshd";  // it insists on its full path

}  // namespace

void ssh_server::write_configuration(std::uint16_t port) const {
  const std::string number = std::to_string(port), folder = here_.path();
  here_.write("sshd_config", "ListenAddress 127.0.0.1\nPort " + number + "\nHostKey " + folder +
                                 "/host_key\nAuthorizedKeysFile " + folder +
                                 "/user_key.pub\n"
                                 "PidFile none\nStrictModes no\nUsePAM no\nMaxStartups 100\n"
                                 "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
                                 "PermitRootLogin prohibit-password\n");
  here_.write("ssh_config", "Host *\nHostName 127.0.0.1\nPort " + number + "\nIdentityFile " +
                                folder + "/user_key\nUserKnownHostsFile " + folder +
                                "/known_hosts\nIdentitiesOnly yes\nHostKeyAlias server\n"
                                "StrictHostKeyChecking yes\n");
  here_.write("known_hosts", "server " + here_.read("host_key.pub"));
}

std::string ssh_server::try_start() {
  for (const char* const key : {"host_key", "user_key"}) {
    const std::string said = output_of("ssh-keygen -q -t ed25519 -N '' -f " + here_ / key);
    if (!said.empty()) return said;
  }
  // Where root runs it, sshd wants this folder; its start script makes it.
  if (geteuid() == 0) mkdir("/run/sshd", 0755);
  const std::string log_in = "ssh " + options() + " -o BatchMode=yes server true";
  // Somebody else may take a port that was free a moment ago.
  for (int attempt = 0; attempt < 3; ++attempt) {
    write_configuration(free_port());
    daemons_.start("sshd", {program, "-D", "-e", "-f", here_ / "sshd_config"});
    bool failed = false, works = false;
    comes_true([&] { return (failed = daemons_.failed()) || (works = succeeds(log_in)); },
               std::chrono::seconds(10));
    if (works) return {};
    if (!failed) return "no login: " + output_of(log_in);
  }
  return daemons_.why();
}

std::unique_ptr<ssh_server> ssh_server::start() {
  std::string problem;
  if (!are_installed({program, "ssh", "ssh-keygen", "setpriv"})) {
    problem = "it is not installed";
  } else {
    std::unique_ptr<ssh_server> server(new ssh_server);
    problem = server->try_start();
    if (problem.empty()) return server;
  }
  std::cerr << "skipped: no sshd, " << problem << "\n";
  return nullptr;
}

}  // namespace troupe::testing
