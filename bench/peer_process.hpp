#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace troupe::bench {

/// A process of another library that measures when asked: a line to it, a line back. One that
/// cannot start, or ends, is absent from then on.
class peer_process {
 public:
  /// \param script Python's; empty: there is none.
  explicit peer_process(const std::string& script) {
    if (script.empty()) return;
    int ask[2], answer[2];
    if (::pipe(ask) != 0 || ::pipe(answer) != 0) return;
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(ask[0], STDIN_FILENO);
      ::dup2(answer[1], STDOUT_FILENO);
      for (const int end : {ask[0], ask[1], answer[0], answer[1]}) ::close(end);
      // Debian's: its packages know no other.
      const char* given = std::getenv("PYTHON");
      const std::string python = given ? given : "/usr/bin/python3";
      ::execlp(python.c_str(), python.c_str(), script.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(ask[0]);
    ::close(answer[1]);
    to_ = ::fdopen(ask[1], "w");
    from_ = ::fdopen(answer[0], "r");
    name_ = line();
  }
  ~peer_process() {
    if (to_) std::fclose(to_);
    if (from_) std::fclose(from_);
    if (child_ > 0) ::waitpid(child_, nullptr, 0);
  }
  peer_process(const peer_process&) = delete;
  peer_process& operator=(const peer_process&) = delete;

  bool there() const { return !name_.empty(); }
  const std::string& name() const { return name_; }

  /// The seconds it says that it took; 0 where there is no answer.
  double ask(const std::string& what) {
    if (!there()) return 0;
    std::fprintf(to_, "%s\n", what.c_str());
    std::fflush(to_);
    const std::string answer = line();
    if (answer.empty()) name_.clear();
    return std::strtod(answer.c_str(), nullptr);
  }

 private:
  std::string line() {
    char text[256];
    if (!from_ || !std::fgets(text, sizeof text, from_)) return "";
    std::string found = text;
    if (!found.empty() && found.back() == '\n') found.pop_back();
    return found;
  }

  pid_t child_ = -1;
  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
  std::string name_;
};

}  // namespace troupe::bench
