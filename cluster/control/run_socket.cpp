#include "troupe/cluster/control/run_socket.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "troupe/base/error.hpp"

namespace troupe {

namespace {

constexpr const char* socket_name = "control";
/// Connections that wait to be taken.
constexpr int backlog = 128;
/// How long a client waits to be one of them.
constexpr timeval patience{5, 0};

error failure(const std::string& folder, const std::string& what, int code) {
  return run_error(folder + "/" + socket_name, what + ": " + std::strerror(code));
}

/// A socket's address holds some hundred bytes; through the opened folder any path is short.
sockaddr_un address_in(const owned_file& folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = "/proc/self/fd/" + std::to_string(folder.get()) + "/" + socket_name;
  std::copy(path.begin(), path.end(), address.sun_path);
  return address;
}

owned_file open_folder(const std::string& folder) {
  return owned_file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

owned_file new_socket(const std::string& folder, int flags = 0) {
  owned_file made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  if (!made) throw failure(folder, "cannot make a socket", errno);
  return made;
}

/// Binds or connects. \returns 0, or the error.
template <class Call>
int attempt(Call call, const owned_file& socket, const owned_file& folder) {
  const sockaddr_un address = address_in(folder);
  const auto* general = reinterpret_cast<const sockaddr*>(&address);
  return call(socket.get(), general, sizeof address) == 0 ? 0 : errno;
}

std::pair<owned_file, run_life> connect_in(const owned_file& opened, const std::string& folder) {
  owned_file socket = new_socket(folder);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  switch (const int code = attempt(::connect, socket, opened)) {
    case 0:
      return {std::move(socket), run_life::living};
    case ENOENT:
    case ENOTDIR:
      return {owned_file(), run_life::none};
    case ECONNREFUSED: {
      // So is a file that is no socket.
      struct stat facts {};
      const bool there = ::fstatat(opened.get(), socket_name, &facts, AT_SYMLINK_NOFOLLOW) == 0;
      return {owned_file(), there && S_ISSOCK(facts.st_mode) ? run_life::dead : run_life::none};
    }
    case EACCES:
    case EPERM:
      return {owned_file(), run_life::forbidden};
    case EAGAIN:
      throw run_error(folder, "the run takes no connections");
    default:
      throw failure(folder, "cannot connect", code);
  }
}

}  // namespace

owned_file::~owned_file() {
  if (file_ >= 0) ::close(file_);
}

std::pair<owned_file, run_life> connect_to_run(const std::string& folder) {
  const owned_file opened = open_folder(folder);
  if (!opened) {
    const bool forbidden = errno == EACCES;
    return {owned_file(), forbidden ? run_life::forbidden : run_life::none};
  }
  return connect_in(opened, folder);
}

run_listener::run_listener(const std::string& folder) : folder_(open_folder(folder)) {
  if (!folder_) throw failure(folder, "cannot open the folder", errno);
  socket_ = new_socket(folder, SOCK_NONBLOCK);
  // Of two processes that find the same dead socket, one replaces it. Where a file system knows no
  // locks, nobody else is expected either.
  ::flock(folder_.get(), LOCK_EX);
  int code = attempt(::bind, socket_, folder_);
  if (code == EADDRINUSE) {
    if (connect_in(folder_, folder).second != run_life::dead) {
      throw run_error(folder, "a run lives in this folder already");
    }
    ::unlinkat(folder_.get(), socket_name, 0);
    code = attempt(::bind, socket_, folder_);
  }
  if (code != 0) throw failure(folder, "cannot listen", code);
  // Before `listen` nobody can connect.
  if (::fchmodat(folder_.get(), socket_name, 0600, 0) != 0 ||
      ::listen(socket_.get(), backlog) != 0) {
    const int why = errno;
    ::unlinkat(folder_.get(), socket_name, 0);
    throw failure(folder, "cannot listen", why);
  }
  ::flock(folder_.get(), LOCK_UN);
}

run_listener::~run_listener() {
  ::unlinkat(folder_.get(), socket_name, 0);
}

}  // namespace troupe
