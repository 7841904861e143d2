#pragma once

#include <caf/io/basp_broker.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/stream_impl.hpp>
#include <caf/io/scribe.hpp>
#include <chrono>
#include <cstdint>
#include <memory>

#include "troupe/cluster/transport/basp_watch.hpp"
#include "troupe/cluster/transport/handshake.hpp"
#include "troupe/cluster/transport/refusals.hpp"

namespace troupe {

/// What all connections of a transport share.
struct connection_rules {
  std::uint32_t largest_payload;
  std::uint64_t bytes_per_key;  ///< TLS: written bytes after which the key changes
  double dead_after;            ///< seconds
  std::shared_ptr<refusals> refused;
};

/// A connection in CAF's hands. Lives in the thread of CAF's multiplexer.
class connection final : public caf::io::scribe {
 public:
  connection(caf::io::network::default_multiplexer& multiplexer, channel from,
             std::shared_ptr<const connection_rules> rules);
  ~connection() override;

  void configure_read(caf::io::receive_policy::config config) override;
  void ack_writes(bool enable) override { stream_.ack_writes(enable); }
  /// CAF asks for this, writes one message to it, and flushes.
  std::vector<char>& wr_buf() override;
  std::vector<char>& rd_buf() override { return stream_.rd_buf(); }
  void graceful_shutdown() override;
  void flush() override;
  std::string addr() const override;
  std::uint16_t port() const override;
  void add_to_loop() override { stream_.activate(this); }
  void remove_from_loop() override { stream_.passivate(); }
  bool consume(caf::execution_unit* context, const void* bytes, std::size_t size) override;

 private:
  using rw_state = caf::io::network::rw_state;

  /// What CAF's stream calls.
  struct policy {
    connection& of;
    rw_state read_some(std::size_t& done, int, void* bytes, std::size_t size) {
      return of.read_some(done, static_cast<char*>(bytes), size);
    }
    rw_state write_some(std::size_t& done, int, const void* bytes, std::size_t size) {
      return of.write_some(done, static_cast<const char*>(bytes), size);
    }
    bool must_read_more(int, std::size_t wanted) { return of.must_read_more(wanted); }
  };

  rw_state read_some(std::size_t& done, char* bytes, std::size_t size);
  rw_state read_tls(std::size_t& done, char* bytes, std::size_t size);
  rw_state write_some(std::size_t& done, const char* bytes, std::size_t size);
  rw_state write_tls(std::size_t& done, const char* bytes, std::size_t size);
  bool must_read_more(std::size_t wanted) const;
  void launch();
  void read_soon();
  void heard();
  void forget_older_connections(const void* handshake, std::size_t size);

  const std::shared_ptr<const connection_rules> rules_;
  openssl_ptr<SSL> session_;
  const std::unique_ptr<shared_lane> lane_;  ///< for large messages; may be none
  const std::string peer_;
  basp_watch watch_;
  caf::io::basp_broker* broker_ = nullptr;
  std::chrono::steady_clock::time_point last_told_{};
  std::uint64_t written_with_key_ = 0;
  bool launched_ = false;
  bool read_wants_write_ = false;
  bool reading_pauses_ = false;
  caf::io::network::stream_impl<policy> stream_;
};

}  // namespace troupe
