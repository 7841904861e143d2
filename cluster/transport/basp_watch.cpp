#include "troupe/cluster/transport/basp_watch.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <caf/io/basp/header.hpp>
#include <cstring>

namespace troupe {

namespace {

using caf::io::basp::message_type;
static_assert(basp_watch::header_size == caf::io::basp::header_size);

/// operation, two bytes of padding, flags, payload length in network order, three 64-bit words.
message_type operation_of(const void* header) noexcept {
  return static_cast<message_type>(*static_cast<const std::uint8_t*>(header));
}

std::uint8_t flags_of(const void* header) noexcept {
  return static_cast<const std::uint8_t*>(header)[3];
}

std::uint32_t payload_of(const void* header) noexcept {
  std::uint32_t length;
  std::memcpy(&length, static_cast<const char*>(header) + 4, sizeof length);
  return ntohl(length);
}

bool has_no_actors(const void* header) noexcept {
  static const char none[16] = {};
  return std::memcmp(static_cast<const char*>(header) + 16, none, sizeof none) == 0;
}

}  // namespace

std::size_t size_of_client_handshake(const void* header) noexcept {
  const std::uint32_t payload = payload_of(header);
  const bool is_one = operation_of(header) == message_type::client_handshake && payload > 0 &&
                      payload <= basp_watch::largest_client_handshake && has_no_actors(header);
  return is_one ? basp_watch::header_size + payload : 0;
}

std::string basp_watch::next(const void* bytes, std::size_t size) {
  if (payload_follows_) {
    payload_follows_ = false;
    claimed_ = claims_;
    return {};
  }
  claimed_ = false;
  if (size != header_size) return "sent a header cut short";
  const std::uint32_t payload = payload_of(bytes);
  const message_type operation = operation_of(bytes);
  if (payload > largest_payload_) {
    return fmt::format("announced a message of {} bytes; {} are the most", payload,
                       largest_payload_);
  }
  if (!greeted_) {
    const auto greeting =
        dialled_ ? message_type::server_handshake : message_type::client_handshake;
    if (operation != greeting || payload == 0) return "did not begin with CAF's handshake";
    greeted_ = true;
  } else if (operation == message_type::server_handshake) {
    return "greeted as a server once more";
  } else if (operation == message_type::client_handshake && (dialled_ || payload == 0)) {
    return "greeted as a client out of turn";
  }
  payload_follows_ = payload > 0;
  claims_ = operation == message_type::client_handshake &&
            (flags_of(bytes) & caf::io::basp::header::select_connection_flag) != 0;
  return {};
}

}  // namespace troupe
