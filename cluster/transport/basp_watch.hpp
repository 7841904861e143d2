#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace troupe {

/// Looks at the headers of CAF's protocol (BASP) before CAF does.
///
/// CAF 0.17 follows a null pointer for a server's handshake without payload, and makes room for
/// whatever size a header names. So a connection begins with the handshake of its side, handshakes
/// have payloads, and no payload is larger than agreed. What is in a payload is CAF's business, and
/// ours where our messages are read.
class basp_watch {
 public:
  static constexpr std::size_t header_size = 32;
  /// The handshake of a peer that dials: not more than a node's name.
  static constexpr std::size_t largest_client_handshake = 4096;

  /// `dialled`: the peer is the one that listened.
  basp_watch(bool dialled, std::uint32_t largest_payload) noexcept
      : dialled_(dialled), largest_payload_(largest_payload) {}

  /// Takes the next header, or the payload that one announced. \returns what is wrong with it, or
  /// nothing.
  std::string next(const void* bytes, std::size_t size);

  /// Whether what was taken last is a client's handshake by which the peer says that this is its
  /// only connection to us: the payload is its node.
  bool is_only_connection() const noexcept { return claimed_; }

 private:
  bool dialled_;
  std::uint32_t largest_payload_;
  bool greeted_ = false, payload_follows_ = false, claims_ = false, claimed_ = false;
};

/// Bytes of the whole message whose header begins like this; 0 unless it is a client's handshake.
std::size_t size_of_client_handshake(const void* header) noexcept;

}  // namespace troupe
