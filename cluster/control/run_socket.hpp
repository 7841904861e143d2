#pragma once

#include <string>
#include <utility>

namespace troupe {

/// A file descriptor that is closed with its owner.
class owned_file {
 public:
  explicit owned_file(int file = -1) noexcept : file_(file) {}
  ~owned_file();
  owned_file(owned_file&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  owned_file& operator=(owned_file&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  int get() const noexcept { return file_; }
  explicit operator bool() const noexcept { return file_ >= 0; }

 private:
  int file_;
};

/// What the socket `control` in a run's folder says about the run.
enum class run_life {
  none,       ///< there is no socket
  living,     ///< a process listens behind it
  dead,       ///< whoever made it is gone without taking it away
  forbidden,  ///< it belongs to somebody else
};

/// A connection to the process behind `<folder>/control`, or what stands against it. Folders may
/// have names longer than a socket's address. \throws error (run) for a reason of another kind.
std::pair<owned_file, run_life> connect_to_run(const std::string& folder);

/// Listens as `<folder>/control`, for the owner of this process alone, and takes that away in the
/// end. The socket does not block.
class run_listener {
 public:
  /// A socket that a dead process left is replaced. \throws error (run) where a living process
  /// listens there, or nothing can.
  explicit run_listener(const std::string& folder);
  ~run_listener();
  run_listener(const run_listener&) = delete;
  run_listener& operator=(const run_listener&) = delete;

  int file() const noexcept { return socket_.get(); }

 private:
  owned_file folder_, socket_;
};

}  // namespace troupe
