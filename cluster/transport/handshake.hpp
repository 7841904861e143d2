#pragma once

#include <string>

#include "troupe/cluster/transport/sockets.hpp"
#include "troupe/cluster/transport/tls.hpp"

namespace troupe {

/// A connection that is ready for CAF: connected, and proven where TLS is used.
struct channel {
  descriptor socket;
  openssl_ptr<SSL> session;  ///< none: plain
  std::string peer;          ///< its address, for a person
  bool dialled = false;      ///< by us
};

/// What comes before CAF sees a connection. Of a TLS connection that is the handshake, and, where
/// we dialled, the first byte behind it: only then has the peer taken our certificate. Of a plain
/// one that came in, it is the whole first message, which must be what CAF's clients begin with.
class handshake {
 public:
  enum class state {
    waiting,      ///< for the socket
    done,         ///< take the channel
    refused,      ///< for good: see `reason`
    unreachable,  ///< not even connected: see `reason`
    gone,         ///< the peer closed the connection
  };

  /// `tls`: none for plain. \throws error (run) where there is no memory for a session.
  handshake(descriptor socket, const tls_context* tls, bool dialled, std::string peer);

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
  enum class stage { connecting, tls, proof };

  state finish_connecting();
  state shake_hands();
  state await_proof();
  state await_plain_greeting(bool hung_up);
  state after_tls_call(int result);

  channel channel_;
  stage stage_;
  std::string reason_;
};

}  // namespace troupe
