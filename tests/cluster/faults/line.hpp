#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <vector>

namespace troupe::testing {

/// What becomes of bytes on their way. Bandwidth has no limit.
struct line_settings {
  std::chrono::milliseconds delay{0};       ///< from one end to the other
  std::chrono::milliseconds round_trip{0};  ///< there and back
  double loss = 0;                          ///< probability that a packet is lost
  double garble = 0;                        ///< probability that a byte arrives changed
};

/// One direction of a relayed connection: bytes go in when they were read and come out when they
/// would arrive. Pure: time is handed in.
///
/// TCP loses no bytes, so loss is a pause. What is sent in one go is cut into packets of
/// `packet_size` bytes, each of which is lost by chance. A lost packet that at least three others
/// follow is sent again by fast retransmission: it arrives one round trip late. Any other waits for
/// the retransmission timer, which is `retransmission_timeout`, or the round trip where that is
/// longer. Whatever is sent again may be lost again: then for a timeout, doubled each time. Bytes
/// arrive in order, so all that follows a lost packet waits for it. Congestion control, lost
/// acknowledgements and lost attempts to connect are not modelled.
class line {
 public:
  using time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t packet_size = 1448;
  static constexpr std::chrono::milliseconds retransmission_timeout{200};

  explicit line(std::uint64_t seed) : random_(seed) {}

  void send(const char* bytes, std::size_t count, time now, const line_settings& s);
  /// No more bytes follow; with `reset`, because the connection broke.
  void end(bool reset, time now, const line_settings& s);

  struct part {
    const char* bytes;
    std::size_t count;
  };
  /// Bytes that have arrived and were not taken yet; none where nothing has.
  part arrived(time now) const;
  void take(std::size_t count);
  /// Whether the end has arrived, after all bytes.
  bool ended(time now) const;
  bool was_reset() const noexcept { return reset_; }

  std::size_t in_flight() const noexcept { return in_flight_; }
  /// When the next bytes, or the end, arrive; nothing where nothing is on its way.
  std::optional<time> next() const;

 private:
  void append(const char* bytes, std::size_t count, double garble);

  struct segment {
    time arrives;
    std::vector<char> bytes;
  };
  std::deque<segment> segments_;
  std::size_t taken_ = 0;  ///< of the first segment
  std::size_t in_flight_ = 0;
  time last_{};  ///< when all that was sent so far has arrived
  std::optional<time> end_;
  bool reset_ = false;
  std::mt19937_64 random_;
};

}  // namespace troupe::testing
