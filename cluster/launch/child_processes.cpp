#include "troupe/cluster/launch/child_processes.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>
#include <thread>

#include "troupe/base/error.hpp"

namespace troupe {

namespace {

constexpr double term_patience = 5;  ///< seconds between SIGTERM and SIGKILL
constexpr double kill_patience = 5;  ///< even then a process may hang, in the kernel
constexpr std::chrono::milliseconds glance{10};
constexpr std::int64_t tail_bytes = 4096;
constexpr std::size_t tail_lines = 5;

std::string reason_of(int number) {
  return std::generic_category().message(number);
}

[[noreturn]] void fail(const std::string& place, const char* what) {
  throw run_error(place, fmt::format("{}: {}", what, reason_of(errno)));
}

class descriptor {
 public:
  explicit descriptor(int number) : number_(number) {}
  ~descriptor() {
    if (number_ >= 0) close(number_);
  }
  descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  descriptor& operator=(descriptor&&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

/// The reading end of a pipe with this text in it, and then its end. The text is all there before
/// anybody reads, so a child that never reads keeps nobody waiting.
descriptor pipe_with(const std::string& text, const std::string& name) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) fail(name, "cannot make a pipe");
  descriptor in(ends[0]);
  const descriptor out(ends[1]);
  fcntl(out.number(), F_SETFL, O_NONBLOCK);
  const ssize_t written = text.empty() ? 0 : write(out.number(), text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size())) {
    throw run_error(name, fmt::format("{} bytes of input do not fit into a pipe", text.size()));
  }
  return in;
}

descriptor open_log(const std::string& path) {
  const int number = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (number < 0) fail(path, "cannot open");
  return descriptor(number);
}

struct spawn_settings {
  spawn_settings(int in, int out) {
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in, 0);
    posix_spawn_file_actions_adddup2(&files, out, 1);
    posix_spawn_file_actions_adddup2(&files, out, 2);
    // Whatever this program forgot to mark.
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    sigset_t set;
    sigfillset(&set);
    posix_spawnattr_setsigdefault(&attributes, &set);
    sigemptyset(&set);
    posix_spawnattr_setsigmask(&attributes, &set);
  }
  ~spawn_settings() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
  spawn_settings(const spawn_settings&) = delete;
  spawn_settings& operator=(const spawn_settings&) = delete;

  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
};

/// How a child has ended, which is then gone from the system; none while it runs.
std::optional<std::string> end_of(pid_t id, bool with_group) {
  siginfo_t info{};
  if (waitid(P_PID, static_cast<id_t>(id), &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
    if (errno == EINTR) return std::nullopt;
    return "ended, nobody knows how";  // somebody else has waited for it
  }
  if (info.si_pid == 0) return std::nullopt;
  // As long as nobody has waited for the child, its group is nobody else's.
  if (with_group) kill(-id, SIGKILL);
  waitpid(id, nullptr, 0);
  if (info.si_code == CLD_EXITED) return fmt::format("exited with status {}", info.si_status);
  const char* const meaning = sigdescr_np(info.si_status);
  return fmt::format("killed by signal {} ({})", info.si_status, meaning ? meaning : "unknown");
}

/// Fit to stand in a line that is shown to a user.
std::string printable(std::string line) {
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

child_processes::child_processes(std::string logs, target signals)
    : logs_(std::move(logs)), signals_(signals) {
  std::error_code problem;
  std::filesystem::create_directories(logs_, problem);
  if (problem) throw run_error(logs_, "cannot make this folder: " + problem.message());
}

child_processes::~child_processes() {
  stop(0);
}

void child_processes::start(const std::string& name, const command_words& command,
                            const std::string& input) {
  const descriptor in = pipe_with(input, name);
  const descriptor out = open_log(log_of(name));
  log_begins_[name] = lseek(out.number(), 0, SEEK_END);

  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const spawn_settings settings(in.number(), out.number());
  pid_t id = 0;
  const int problem = posix_spawnp(&id, arguments[0], &settings.files, &settings.attributes,
                                   arguments.data(), environ);
  if (problem == 0) {
    running_.push_back({name, id});
  } else {
    ends_.push_back({name, fmt::format("cannot start: {}: {}", command[0], reason_of(problem))});
  }
}

void child_processes::collect() {
  const auto gone = [this](const child& c) {
    const auto how = end_of(c.id, signals_ == target::group);
    if (how) ends_.push_back({c.name, *how});
    return how.has_value();
  };
  running_.erase(std::remove_if(running_.begin(), running_.end(), gone), running_.end());
}

std::vector<node_end> child_processes::ended() {
  collect();
  return std::exchange(ends_, {});
}

std::string child_processes::last_lines(const std::string& name) const {
  const auto begin = log_begins_.find(name);
  if (begin == log_begins_.end()) return {};
  std::ifstream log(log_of(name), std::ios::binary | std::ios::ate);
  const std::int64_t end = log.tellg();
  if (!log || end <= begin->second) return {};
  const bool cut = end - begin->second > tail_bytes;
  log.seekg(cut ? end - tail_bytes : begin->second);
  std::vector<std::string> lines;
  std::string line;
  if (cut) std::getline(log, line);
  while (std::getline(log, line)) {
    line = printable(line);
    if (!line.empty()) lines.push_back(line);
  }
  std::string text;
  for (std::size_t i = lines.size() - std::min(lines.size(), tail_lines); i < lines.size(); ++i) {
    text += (text.empty() ? "" : " | ") + lines[i];
  }
  return text;
}

bool child_processes::all_end_within(double seconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (collect(), !running_.empty()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(glance);
  }
  return true;
}

void child_processes::signal_all(int number) const {
  for (const child& c : running_) kill(signals_ == target::group ? -c.id : c.id, number);
}

void child_processes::stop(double seconds) {
  if (all_end_within(seconds)) return;
  signal_all(SIGTERM);
  if (all_end_within(term_patience)) return;
  signal_all(SIGKILL);
  all_end_within(kill_patience);
}

}  // namespace troupe
