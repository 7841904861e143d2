#include "cluster/daemons.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace troupe::testing {

environment_variable::environment_variable(std::string name, const std::string& value)
    : name_(std::move(name)) {
  const char* const old = std::getenv(name_.c_str());
  was_set_ = old != nullptr;
  if (old) before_ = old;
  setenv(name_.c_str(), value.c_str(), 1);
}

environment_variable::~environment_variable() {
  if (was_set_) {
    setenv(name_.c_str(), before_.c_str(), 1);
  } else {
    unsetenv(name_.c_str());
  }
}

namespace {

/// \returns the status of the shell, and what it wrote.
std::pair<int, std::string> run_shell(const std::string& command) {
  FILE* const pipe = popen(("exec 2>&1 </dev/null; " + command).c_str(), "re");
  if (!pipe) throw std::runtime_error("popen failed");
  std::string text;
  char buffer[4096];
  while (const std::size_t count = fread(buffer, 1, sizeof buffer, pipe)) {
    text.append(buffer, count);
  }
  const int status = pclose(pipe);
  return {status, text};
}

}  // namespace

std::string output_of(const std::string& command) {
  return run_shell(command).second;
}

bool succeeds(const std::string& command) {
  return run_shell(command).first == 0;
}

bool are_installed(const std::vector<std::string>& programs) {
  return std::all_of(programs.begin(), programs.end(),
                     [](const std::string& p) { return succeeds("command -v " + p); });
}

std::uint16_t free_port() {
  const int number = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  const bool ok = bind(number, any, size) == 0 && getsockname(number, any, &size) == 0;
  close(number);
  if (!ok) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

void daemons::start(const std::string& name, const command_words& command) {
  command_words line{"setpriv", "--pdeathsig", "TERM"};
  line.insert(line.end(), command.begin(), command.end());
  children_.start(name, line, "");
}

bool daemons::failed() {
  for (const node_end& end : children_.ended()) {
    why_ = end.node + " " + end.how + ": " + children_.last_lines(end.node);
  }
  return !why_.empty();
}

}  // namespace troupe::testing
