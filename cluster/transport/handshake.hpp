#pragma once

#include <string>

#include "troupe/cluster/transport/shared_lane.hpp"
#include "troupe/cluster/transport/sockets.hpp"
#include "troupe/cluster/transport/tls.hpp"

namespace troupe {

/// A connection that is ready for CAF: connected, and proven where TLS is used.
struct channel {
  descriptor socket;
  openssl_ptr<SSL> session;          ///< none: plain
  std::unique_ptr<shared_lane> way;  ///< beside it, where both ends are on this machine
  std::string peer;                  ///< its address, for a person
  bool dialled = false;              ///< by us
};

/// What comes before CAF sees a connection. Of a TLS connection that is the handshake, and what the
/// side that was dialled offers behind it, a lane or none: only then has it taken our certificate;
/// an offer is answered with one byte. Of a plain one that came in, it is the whole first message,
/// which must be what CAF's clients begin with.
class handshake {
 public:
  enum class state {
    waiting,      ///< for the socket
    done,         ///< take the channel
    refused,      ///< for good: see `reason`
    unreachable,  ///< not even connected: see `reason`
    gone,         ///< the peer closed the connection
  };

  /// `tls`: none for plain. `lanes`: whether to share memory with a peer on this machine. \throws
  /// error (run) where there is no memory for a session.
  handshake(descriptor socket, const tls_context* tls, bool lanes, bool dialled, std::string peer);

  /// Goes on as far as the socket allows; edge-triggered: call it at every event. `hung_up`: the
  /// peer will send nothing more.
  state step(bool hung_up);

  /// Whether the peer has said something that makes sense so far.
  bool has_spoken() const noexcept;
  const std::string& reason() const noexcept { return reason_; }
  const std::string& peer() const noexcept { return channel_.peer; }
  int socket() const noexcept { return channel_.socket.get(); }
  channel take() { return std::move(channel_); }

 private:
  enum class stage { connecting, tls, offering, answering };

  state finish_connecting();
  state shake_hands();
  state make_offer();
  state await_offer();
  state send_answer();
  state await_answer();
  state await_plain_greeting(bool hung_up);
  state after_tls_call(int result);

  channel channel_;
  const bool lanes_;
  stage stage_;
  shared_lane::offer offer_;
  std::size_t offered_ = 0;  ///< bytes of it that were sent or received
  char answer_ = 0;
  std::string reason_;
};

}  // namespace troupe
