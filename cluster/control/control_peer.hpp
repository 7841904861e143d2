#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "troupe/cluster/control/control_desk.hpp"
#include "troupe/cluster/control/run_socket.hpp"

namespace troupe {

/// One client of a control socket: what it sent and is to be sent. Never blocks. What waits for it
/// is bounded: while an answer is not taken, no further request is read.
class control_peer {
 public:
  using clock = std::chrono::steady_clock;

  /// `longest`: bytes of a request.
  control_peer(owned_file connection, std::shared_ptr<control_desk> desk, std::size_t longest);

  int file() const noexcept { return connection_.get(); }
  /// The events of poll(2) that concern it.
  short wants() const noexcept;
  /// Does what can be done now, without taking long. \returns false where the connection is over.
  bool step(short events);
  /// Whether there is more to do at once.
  bool wants_turn() const noexcept;
  /// The run is over: there will be neither requests nor further events.
  void finish();

  /// Whether it waits for events, which no descriptor tells of.
  bool follows() const noexcept { return stream_.has_value(); }
  clock::time_point last_active() const noexcept { return last_active_; }

 private:
  bool busy() const noexcept { return sent_ < out_.size(); }
  bool has_line() const noexcept;
  bool receive();
  void answer();
  void take_line();
  void refuse_line();
  bool send();

  owned_file connection_;
  std::shared_ptr<control_desk> desk_;
  std::size_t longest_;
  std::string in_, out_;
  std::size_t sent_ = 0;     // of out_
  bool skips_line_ = false;  // the rest of a line that was too long
  bool no_more_input_ = false;
  std::optional<control_desk::stream> stream_;
  clock::time_point last_active_;
};

}  // namespace troupe
