#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace troupe {

/// A shorter way for the bytes of large messages, beside the connection that their messages take:
/// memory that both ends share. Messages are written and read in the same order.
class lane {
 public:
  /// Messages of fewer bytes are not worth the detour.
  static constexpr std::size_t least_bytes = 16 << 10;

  virtual ~lane() = default;

  /// Room for so many bytes, which the caller fills before its message goes; null where there is
  /// none now. Sets `place` to what the other end finds them by; without room, to where all that
  /// was written so far ends.
  virtual std::byte* reserve(std::size_t bytes, std::uint64_t& place) = 0;
  /// What lies at that place, where it lies: its room is given back when the last holder lets go,
  /// on any thread, also after the lane's end. Messages from before that nobody has read are not
  /// read any more. \returns null where a message names a place that cannot be.
  virtual std::shared_ptr<const std::byte[]> take(std::uint64_t place, std::size_t bytes) = 0;
  /// Gives back the room of everything before that place that nobody has read.
  virtual bool forget(std::uint64_t place) = 0;

  /// The lanes beside the connections that this thread writes a message to, and reads one from,
  /// now; null: none. They may differ: what comes in a message can make us write one at once.
  static thread_local lane* writing;
  static thread_local lane* reading;
};

}  // namespace troupe
