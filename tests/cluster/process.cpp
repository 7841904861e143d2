#include "cluster/process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

namespace troupe::testing {

namespace {

constexpr std::size_t most_input = 64 << 10;  // what a pipe holds, so that writing never waits

struct channel {
  int ours = -1, theirs = -1;
};

channel make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
  return {ends[0], ends[1]};
}

channel make_terminal(int columns) {
  channel c;
  winsize size{};
  size.ws_col = static_cast<unsigned short>(columns);
  size.ws_row = 24;
  if (openpty(&c.ours, &c.theirs, nullptr, nullptr, &size) != 0) {
    throw std::runtime_error("openpty failed");
  }
  fcntl(c.ours, F_SETFD, FD_CLOEXEC);
  return c;
}

/// Between fork and exec: only calls that are safe there.
[[noreturn]] void become(char* const* arguments, char* const* environment,
                         const process_options& options, int in, int out, int err) {
  // Whoever started the tests may have blocked or ignored signals.
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(number, SIG_DFL);
  if (options.ignores_hangup) ::signal(SIGHUP, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (options.largest_file > 0) {
    ::signal(SIGXFSZ, SIG_IGN);  // writing then fails with EFBIG
    const rlim_t most = static_cast<rlim_t>(options.largest_file);
    const rlimit limit{most, most};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  if (options.open_files > 0) {
    const rlim_t most = static_cast<rlim_t>(options.open_files);
    const rlimit limit{most, most};
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  if (options.network >= 0 && setns(options.network, CLONE_NEWNET) != 0) _exit(127);
  if (!options.out_file.empty()) out = open(options.out_file.c_str(), O_WRONLY | O_CLOEXEC);
  if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) _exit(127);
  if (!options.folder.empty() && chdir(options.folder.c_str()) != 0) _exit(127);
  execve(arguments[0], arguments, environment);
  _exit(127);
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> all;
  for (const std::string& word : words) all.push_back(const_cast<char*>(word.c_str()));
  all.push_back(nullptr);
  return all;
}

}  // namespace

process::process(const std::vector<std::string>& arguments, const process_options& options)
    : deadline_(std::chrono::steady_clock::now() + options.time_limit) {
  std::vector<std::string> words{options.program.empty() ? TROUPE_COMMAND : options.program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables = options.environment;
  for (char** variable = environ; *variable; ++variable) variables.emplace_back(*variable);
  const std::vector<char*> argv = pointers(words), envp = pointers(variables);
  if (options.input.size() > most_input) throw std::runtime_error("too much input");
  // The end it reads from is the first of a pipe, so here "ours" is the child's.
  const channel in = make_pipe();
  const channel out = make_pipe();
  const channel err = options.terminal ? make_terminal(options.columns) : make_pipe();
  id_ = fork();
  if (id_ < 0) throw std::runtime_error("fork failed");
  if (id_ == 0) become(argv.data(), envp.data(), options, in.ours, out.theirs, err.theirs);
  if (write(in.theirs, options.input.data(), options.input.size()) < 0) {
    throw std::runtime_error("cannot write to standard input");
  }
  for (const int end : {in.ours, in.theirs, out.theirs, err.theirs}) close(end);
  out_ = out.ours;
  err_ = err.ours;
}

process::~process() {
  if (!reaped_) {
    ::kill(id_, SIGKILL);
    waitpid(id_, nullptr, 0);
  }
  if (out_ >= 0) close(out_);
  if (err_ >= 0) close(err_);
}

void process::signal(int number) const {
  if (!reaped_) ::kill(id_, number);
}

/// \returns false once both channels are closed.
bool process::read_some(std::chrono::milliseconds patience) {
  pollfd both[2] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}};
  if (poll(both, 2, static_cast<int>(patience.count())) <= 0) return out_ >= 0 || err_ >= 0;
  int* const files[2] = {&out_, &err_};
  std::string* const texts[2] = {&outcome_.out, &outcome_.err};
  for (int i = 0; i < 2; ++i) {
    if (!(both[i].revents & (POLLIN | POLLHUP | POLLERR))) continue;
    char buffer[4096];
    const ssize_t count = read(*files[i], buffer, sizeof buffer);
    if (count > 0) {
      texts[i]->append(buffer, static_cast<std::size_t>(count));
    } else if (count == 0 || errno != EINTR) {  // a terminal without a writer reads as an error
      close(*files[i]);
      *files[i] = -1;
    }
  }
  return out_ >= 0 || err_ >= 0;
}

void process::check_time() const {
  if (std::chrono::steady_clock::now() > deadline_) {
    ::kill(id_, SIGKILL);
    throw std::runtime_error("the program did not end in time; standard error so far:\n" +
                             outcome_.err);
  }
}

bool process::wait_for(const std::string& text) {
  while (outcome_.err.find(text) == std::string::npos) {
    if (!read_some(std::chrono::milliseconds(100))) return false;
    check_time();
  }
  return true;
}

bool process::ended() {
  return !read_some(std::chrono::milliseconds(5));
}

outcome process::wait() {
  while (read_some(std::chrono::milliseconds(100))) check_time();
  reap();
  return outcome_;
}

void process::keep_status(int status) {
  reaped_ = true;
  outcome_.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void process::reap() {
  if (reaped_) return;
  int status = 0;
  waitpid(id_, &status, 0);
  keep_status(status);
}

bool process::alive() {
  int status = 0;
  if (!reaped_ && waitpid(id_, &status, WNOHANG) == id_) keep_status(status);
  return !reaped_;
}

outcome run_troupe(const std::vector<std::string>& arguments, const process_options& options) {
  return process(arguments, options).wait();
}

std::size_t resident_bytes(pid_t id) {
  std::ifstream status("/proc/" + std::to_string(id) + "/status");
  for (std::string word; status >> word;) {
    std::size_t kilobytes = 0;
    if (word == "VmRSS:" && status >> kilobytes) return kilobytes << 10;
  }
  return 0;
}

namespace {

/// What each descriptor of a process is: a path, "socket:[INODE]", ...
std::set<std::string> descriptor_targets(pid_t id, std::size_t& count) {
  namespace fs = std::filesystem;
  std::set<std::string> targets;
  std::error_code gone;
  count = 0;
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(id) + "/fd", gone)) {
    ++count;
    targets.insert(fs::read_symlink(entry.path(), gone).string());
  }
  return targets;
}

}  // namespace

std::size_t open_descriptors(pid_t id) {
  std::size_t count = 0;
  descriptor_targets(id, count);
  return count;
}

std::vector<address_and_port> listening(pid_t id) {
  std::size_t count = 0;
  const std::set<std::string> targets = descriptor_targets(id, count);
  std::vector<address_and_port> found;
  for (const char* table : {"tcp", "tcp6"}) {
    std::ifstream rows("/proc/" + std::to_string(id) + "/net/" + table);
    std::string row;
    std::getline(rows, row);  // the header
    while (std::getline(rows, row)) {
      // "0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 INODE ..."
      std::istringstream words(row);
      std::string number, local, remote, state, skipped, inode;
      words >> number >> local >> remote >> state;
      for (int i = 0; i < 5; ++i) words >> skipped;
      words >> inode;
      if (state != "0A" || targets.count("socket:[" + inode + "]") == 0) continue;
      const std::size_t colon = local.find(':');
      in_addr address{};  // the last four bytes of an IPv6 address, in the machine's order
      address.s_addr = static_cast<in_addr_t>(std::stoul(local.substr(colon - 8, 8), nullptr, 16));
      char text[INET_ADDRSTRLEN];
      inet_ntop(AF_INET, &address, text, sizeof text);
      found.push_back(
          {text, static_cast<std::uint16_t>(std::stoul(local.substr(colon + 1), nullptr, 16))});
    }
  }
  return found;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace troupe::testing
