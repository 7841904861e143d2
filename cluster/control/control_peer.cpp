#include "troupe/cluster/control/control_peer.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace troupe {

namespace {

/// Bytes that are read of one client before it is the others' turn.
constexpr std::size_t portion = 16384;
/// Bytes that may wait for a client before it is asked to take them.
constexpr std::size_t most_waiting = 65536;

}  // namespace

control_peer::control_peer(owned_file connection, std::shared_ptr<control_desk> desk,
                           std::size_t longest)
    : connection_(std::move(connection)),
      desk_(std::move(desk)),
      longest_(longest),
      last_active_(clock::now()) {}

bool control_peer::has_line() const noexcept {
  // The last line may lack its end.
  return in_.find('\n') != std::string::npos || (no_more_input_ && !in_.empty());
}

short control_peer::wants() const noexcept {
  if (busy()) return POLLOUT;
  return no_more_input_ ? 0 : POLLIN;
}

bool control_peer::wants_turn() const noexcept {
  return !busy() && (has_line() || (stream_ && stream_->end));
}

bool control_peer::step(short events) {
  const bool hung_up = (events & (POLLHUP | POLLERR | POLLNVAL)) != 0;
  const bool reads = !no_more_input_ && !busy() && !has_line();
  if (reads && (hung_up || (events & POLLIN) != 0) && !receive()) return false;
  answer();
  if (!send()) return false;
  if (!no_more_input_ || busy() || wants_turn()) return true;
  // It has said all: it is here for events, or done.
  return stream_ && !hung_up;
}

bool control_peer::receive() {
  const std::size_t held = in_.size();
  in_.resize(held + portion);
  const ssize_t count = ::recv(connection_.get(), in_.data() + held, portion, MSG_DONTWAIT);
  in_.resize(held + static_cast<std::size_t>(count > 0 ? count : 0));
  if (count == 0) no_more_input_ = true;
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  last_active_ = clock::now();
  return true;
}

/// Answers what was asked, until something waits to be taken.
void control_peer::answer() {
  while (out_.size() - sent_ < most_waiting) {
    // Events that were asked for come before the answer to the next request.
    if (stream_ && stream_->end) {
      out_ += desk_->continued(stream_);
    } else if (has_line()) {
      take_line();
    } else {
      break;
    }
  }
  if (stream_ && !busy()) out_ += desk_->continued(stream_);
  // Of a line that is too long only its end is waited for.
  if (!has_line() && (skips_line_ || in_.size() > longest_)) {
    if (!skips_line_) refuse_line();
    skips_line_ = true;
    in_.clear();
  }
}

void control_peer::refuse_line() {
  out_ += "{\"error\":\"a request has at most " + std::to_string(longest_) + " bytes\"}\n";
}

void control_peer::take_line() {
  const std::size_t end = std::min(in_.find('\n'), in_.size());
  const std::string line = in_.substr(0, end);
  in_.erase(0, end + 1);
  if (std::exchange(skips_line_, false)) return;
  if (line.size() > longest_) return refuse_line();
  if (line.find_first_not_of(" \t\r") == std::string::npos) return;
  control_desk::reply reply = desk_->take(line);
  out_ += reply.lines;
  if (reply.more) stream_ = reply.more;
}

bool control_peer::send() {
  while (busy()) {
    const ssize_t count = ::send(connection_.get(), out_.data() + sent_, out_.size() - sent_,
                                 MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN;
    sent_ += static_cast<std::size_t>(count);
    last_active_ = clock::now();
  }
  out_ = {};
  sent_ = 0;
  return true;
}

void control_peer::finish() {
  no_more_input_ = true;
  in_.clear();
  desk_->end(stream_);
}

}  // namespace troupe
