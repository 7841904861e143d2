#include "troupe/cluster/transport/handshake.hpp"

#include <openssl/err.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "troupe/cluster/transport/basp_watch.hpp"

namespace troupe {

namespace {

/// Answers to the offer of a lane.
constexpr char accepted = 'y', declined = 'n';

}  // namespace

handshake::handshake(descriptor socket, const tls_context* tls, bool lanes, bool dialled,
                     std::string peer)
    : lanes_(lanes), stage_(dialled ? stage::connecting : stage::tls) {
  channel_.peer = std::move(peer);
  channel_.dialled = dialled;
  channel_.socket = std::move(socket);
  if (tls != nullptr) {
    const int number = channel_.socket.get();
    channel_.session = dialled ? tls->dialling(number) : tls->accepting(number);
  }
}

bool handshake::has_spoken() const noexcept {
  return channel_.session && SSL_get_state(channel_.session.get()) != TLS_ST_BEFORE;
}

handshake::state handshake::step(bool hung_up) {
  if (stage_ == stage::connecting) {
    if (const state s = finish_connecting(); s != state::done) return s;
    stage_ = stage::tls;
  }
  if (!channel_.session) return channel_.dialled ? state::done : await_plain_greeting(hung_up);
  if (stage_ == stage::tls) {
    if (const state s = shake_hands(); s != state::done) return s;
    stage_ = stage::offering;
    if (!channel_.dialled && lanes_ && is_within_machine(socket()))
      channel_.way = shared_lane::make();
    if (channel_.way) offer_ = channel_.way->to_offer();
  }
  if (stage_ == stage::offering) {
    if (const state s = channel_.dialled ? await_offer() : make_offer(); s != state::done) return s;
    if (offer_.process == 0) return state::done;
    stage_ = stage::answering;
  }
  return channel_.dialled ? send_answer() : await_answer();
}

handshake::state handshake::finish_connecting() {
  int problem = 0;
  socklen_t size = sizeof problem;
  getsockopt(socket(), SOL_SOCKET, SO_ERROR, &problem, &size);
  if (problem != 0) {
    reason_ = std::strerror(problem);
    return state::unreachable;
  }
  socket_address peer;
  return getpeername(socket(), peer.get(), &peer.size) == 0 ? state::done : state::waiting;
}

handshake::state handshake::after_tls_call(int result) {
  const int kind = SSL_get_error(channel_.session.get(), result);
  if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) return state::waiting;
  reason_ = why_refused(channel_.session.get(), result);
  return reason_.empty() ? state::gone : state::refused;
}

handshake::state handshake::shake_hands() {
  ERR_clear_error();
  const int result = SSL_do_handshake(channel_.session.get());
  return result == 1 ? state::done : after_tls_call(result);
}

handshake::state handshake::make_offer() {
  ERR_clear_error();
  // So few bytes go as one record: all, or none yet.
  const int result = SSL_write(channel_.session.get(), &offer_, sizeof offer_);
  return result > 0 ? state::done : after_tls_call(result);
}

handshake::state handshake::await_offer() {
  while (offered_ < sizeof offer_) {
    ERR_clear_error();
    const int result = SSL_read(channel_.session.get(), reinterpret_cast<char*>(&offer_) + offered_,
                                static_cast<int>(sizeof offer_ - offered_));
    if (result <= 0) return after_tls_call(result);
    offered_ += static_cast<std::size_t>(result);
  }
  if (offer_.kind != shared_lane::offer().kind) {
    reason_ = "speaks TLS, but is no node";
    return state::refused;
  }
  if (lanes_ && offer_.process != 0) channel_.way = shared_lane::open(offer_);
  answer_ = channel_.way ? accepted : declined;
  return state::done;
}

handshake::state handshake::send_answer() {
  ERR_clear_error();
  const int result = SSL_write(channel_.session.get(), &answer_, 1);
  return result > 0 ? state::done : after_tls_call(result);
}

handshake::state handshake::await_answer() {
  ERR_clear_error();
  const int result = SSL_read(channel_.session.get(), &answer_, 1);
  if (result <= 0) return after_tls_call(result);
  if (answer_ == accepted) {
    channel_.way->settle();
  } else {
    channel_.way.reset();
  }
  return state::done;
}

handshake::state handshake::await_plain_greeting(bool hung_up) {
  std::array<char, basp_watch::header_size + basp_watch::largest_client_handshake> bytes;
  const auto got = ::recv(socket(), bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR) && !hung_up) return state::waiting;
  if (got <= 0) return state::gone;
  const auto size = static_cast<std::size_t>(got);
  if (size >= basp_watch::header_size) {
    const std::size_t whole = size_of_client_handshake(bytes.data());
    if (whole == 0) {
      reason_ = "does not speak CAF's protocol in the clear (is it a node with TLS?)";
      return state::refused;
    }
    if (size >= whole) return state::done;
  }
  return hung_up ? state::gone : state::waiting;
}

}  // namespace troupe
