#include "cluster/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>
#include <stdexcept>

namespace troupe::testing {

namespace {

/// No process of these tests takes this long, not even on a busy machine under a sanitizer.
constexpr std::chrono::seconds time_limit{180};

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
[[noreturn]] void become_troupe(char* const* arguments, const process_options& options, int out,
                                int err) {
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
  if (!options.out_file.empty()) out = open(options.out_file.c_str(), O_WRONLY | O_CLOEXEC);
  const int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) _exit(127);
  if (!options.folder.empty() && chdir(options.folder.c_str()) != 0) _exit(127);
  execv(arguments[0], arguments);
  _exit(127);
}

}  // namespace

process::process(const std::vector<std::string>& arguments, const process_options& options)
    : deadline_(std::chrono::steady_clock::now() + time_limit) {
  std::vector<char*> words{const_cast<char*>(TROUPE_COMMAND)};
  for (const std::string& argument : arguments) {
    words.push_back(const_cast<char*>(argument.c_str()));
  }
  words.push_back(nullptr);
  const channel out = make_pipe();
  const channel err = options.terminal ? make_terminal(options.columns) : make_pipe();
  id_ = fork();
  if (id_ < 0) throw std::runtime_error("fork failed");
  if (id_ == 0) become_troupe(words.data(), options, out.theirs, err.theirs);
  close(out.theirs);
  close(err.theirs);
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
    throw std::runtime_error("troupe did not end in time; standard error so far:\n" + outcome_.err);
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

void process::reap() {
  if (reaped_) return;
  int status = 0;
  waitpid(id_, &status, 0);
  reaped_ = true;
  outcome_.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

outcome run_troupe(const std::vector<std::string>& arguments, const process_options& options) {
  return process(arguments, options).wait();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace troupe::testing
