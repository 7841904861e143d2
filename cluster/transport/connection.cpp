#include "troupe/cluster/transport/connection.hpp"

#include <netinet/tcp.h>
#include <openssl/err.h>

#include <algorithm>
#include <atomic>
#include <caf/binary_deserializer.hpp>
#include <cerrno>

namespace troupe {

namespace {

using caf::io::network::operation;
using caf::io::network::rw_state;

/// Written at one go before others have their turn.
constexpr std::size_t write_turn = 1 << 20;
/// Bytes that nobody takes keep a connection that CAF has closed alive this long.
constexpr unsigned milliseconds_to_drain = 2000;
constexpr std::chrono::milliseconds between_signs_of_life{100};

/// CAF forgets a connection by its handle some time after it is closed, when the system may have
/// given the descriptor to another one: handles are no descriptors here.
caf::io::connection_handle unique_handle() {
  static std::atomic<std::int64_t> last{std::int64_t{1} << 40};
  return caf::io::connection_handle::from_int(++last);
}

}  // namespace

connection::connection(caf::io::network::default_multiplexer& multiplexer, channel from,
                       std::shared_ptr<const connection_rules> rules)
    : scribe(unique_handle()),
      rules_(std::move(rules)),
      session_(std::move(from.session)),
      lane_(std::move(from.way)),
      peer_(std::move(from.peer)),
      watch_(from.dialled, rules_->largest_payload),
      stream_(multiplexer, from.socket.release(), policy{*this}) {
  tune(stream_.fd(), rules_->dead_after);
}

connection::~connection() {
  if (lane_ && lane::writing == lane_.get()) lane::writing = nullptr;
}

std::vector<char>& connection::wr_buf() {
  lane::writing = lane_.get();
  return stream_.wr_buf();
}

void connection::flush() {
  lane::writing = nullptr;
  stream_.flush(this);
}

void connection::configure_read(caf::io::receive_policy::config config) {
  stream_.configure_read(config);
  if (!launched_) launch();
}

void connection::launch() {
  launched_ = true;
  broker_ = dynamic_cast<caf::io::basp_broker*>(parent());
  stream_.start(this);
  last_told_ = {};
  heard();
  // What came with the end of the handshake is with OpenSSL; the socket would not tell.
  if (session_ && SSL_has_pending(session_.get()) != 0) read_soon();
}

void connection::read_soon() {
  stream_.backend().post([self = caf::intrusive_ptr<connection>(this)] {
    if (!self->detached()) self->stream_.handle_event(operation::read);
  });
}

void connection::heard() {
  // CAF counts a connection as silent while a large message is on its way, and one we dialled as
  // never heard of until its first: any byte is a sign of life.
  const auto now = std::chrono::steady_clock::now();
  if (broker_ == nullptr || detached() || now - last_told_ < between_signs_of_life) return;
  last_told_ = now;
  const auto known = broker_->ctx.find(hdl());
  if (known != broker_->ctx.end()) known->second.last_seen = broker_->clock().now();
}

bool connection::consume(caf::execution_unit* context, const void* bytes, std::size_t size) {
  if (detached()) return false;
  const std::string wrong = watch_.next(bytes, size);
  if (wrong.empty()) {
    if (watch_.is_only_connection()) forget_older_connections(bytes, size);
    lane::reading = lane_.get();
    const bool done = scribe::consume(context, bytes, size);
    lane::reading = nullptr;
    return done;
  }
  rules_->refused->add(peer_, wrong);
  ::shutdown(stream_.fd(), SHUT_RDWR);
  io_failure(context, operation::read);
  return false;
}

/// A peer that has lost its connection has forgotten our actors, and whom of its own we watch.
/// Where we have not noticed, CAF would go on as if nothing had happened, and never hear of their
/// end. So whoever is watched here is lost first, as if the older connection had been closed in
/// time.
void connection::forget_older_connections(const void* handshake, std::size_t size) {
  caf::node_id peer;
  caf::binary_deserializer source(&stream_.backend(), static_cast<const char*>(handshake), size);
  if (broker_ == nullptr || source(peer)) return;
  const auto older = broker_->instance.tbl().lookup_direct(peer);
  if (!older || *older == hdl()) return;
  broker_->connection_cleanup(*older, caf::sec::none);
  broker_->close(*older);
  broker_->purge_state(peer);
  // CAF forgets the peer's actors once more in a moment, by their numbers: nothing that names them
  // anew may be read before.
  reading_pauses_ = true;
  stream_.backend().post([self = caf::intrusive_ptr<connection>(this)] {
    self->reading_pauses_ = false;
    self->read_soon();
  });
}

void connection::graceful_shutdown() {
  // What is written is still sent, but a peer that is gone must not hold the process up.
  setsockopt(stream_.fd(), IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds_to_drain,
             sizeof milliseconds_to_drain);
  stream_.graceful_shutdown();
  detach(&stream_.backend(), false);
}

std::string connection::addr() const {
  const auto found = caf::io::network::remote_addr_of_fd(stream_.fd());
  return found ? *found : std::string();
}

std::uint16_t connection::port() const {
  const auto found = caf::io::network::remote_port_of_fd(stream_.fd());
  return found ? *found : std::uint16_t{0};
}

rw_state connection::read_some(std::size_t& done, char* bytes, std::size_t size) {
  done = 0;
  if (reading_pauses_) return rw_state::success;
  if (session_) return read_tls(done, bytes, size);
  const auto got = ::recv(stream_.fd(), bytes, size, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return rw_state::success;
  if (got <= 0) return rw_state::failure;
  done = static_cast<std::size_t>(got);
  heard();
  return rw_state::success;
}

rw_state connection::read_tls(std::size_t& done, char* bytes, std::size_t size) {
  while (done < size) {
    std::size_t got = 0;
    ERR_clear_error();
    if (SSL_read_ex(session_.get(), bytes + done, size - done, &got) == 1) {
      done += got;
      continue;
    }
    const int why = SSL_get_error(session_.get(), 0);
    if (why == SSL_ERROR_WANT_WRITE) {
      // It has to answer a change of keys first, and the socket is full.
      read_wants_write_ = true;
      stream_.force_empty_write(this);
    } else if (why != SSL_ERROR_WANT_READ && done == 0) {
      ERR_clear_error();
      return rw_state::failure;
    }
    break;
  }
  if (done > 0) heard();
  return rw_state::success;
}

bool connection::must_read_more(std::size_t wanted) const {
  return session_ && static_cast<std::size_t>(SSL_pending(session_.get())) >= wanted;
}

rw_state connection::write_some(std::size_t& done, const char* bytes, std::size_t size) {
  done = 0;
  if (read_wants_write_) {
    read_wants_write_ = false;
    read_soon();
  }
  if (size == 0) return rw_state::indeterminate;
  if (session_) return write_tls(done, bytes, size);
  const auto put = ::send(stream_.fd(), bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (put < 0 && errno != EAGAIN && errno != EINTR) return rw_state::failure;
  done = put < 0 ? 0 : static_cast<std::size_t>(put);
  return rw_state::success;
}

rw_state connection::write_tls(std::size_t& done, const char* bytes, std::size_t size) {
  const std::size_t end = std::min(size, write_turn);
  while (done < end) {
    std::size_t put = 0;
    ERR_clear_error();
    if (SSL_write_ex(session_.get(), bytes + done, size - done, &put) == 1) {
      done += put;
      written_with_key_ += put;
      if (written_with_key_ >= rules_->bytes_per_key) {
        // The next record brings it to the peer.
        SSL_key_update(session_.get(), SSL_KEY_UPDATE_NOT_REQUESTED);
        written_with_key_ = 0;
      }
      continue;
    }
    const int why = SSL_get_error(session_.get(), 0);
    if (why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ) break;
    ERR_clear_error();
    return rw_state::failure;
  }
  return rw_state::success;
}

}  // namespace troupe
