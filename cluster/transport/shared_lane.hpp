#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "troupe/actors/messages/lane.hpp"
#include "troupe/cluster/transport/sockets.hpp"

namespace troupe {

/// A lane between two processes of one user on one machine: a ring for each direction, in memory
/// without a name that nobody else can open, that nobody can make smaller, and that goes with the
/// processes. What lies in it is neither encrypted nor does it pass through the network; the
/// messages that tell where it lies do.
///
/// A peer is trusted with what it writes, as on any connection, and with no more: whatever it does
/// to the memory, this process stays within the rings, and copies before it looks.
class shared_lane final : public lane {
 public:
  /// What the side that made the memory tells the other.
  struct offer {
    std::array<char, 4> kind{{'l', 'a', 'n', 'e'}};
    std::uint32_t process = 0;  ///< 0: there is none
    std::uint32_t descriptor = 0;
    std::uint32_t capacity = 0;
    std::array<unsigned char, 16> token{};  ///< stands in the memory, too
  };

  /// Of each ring. A message of two million parameters fits; pages that are never used cost
  /// nothing.
  static constexpr std::uint32_t capacity = 8u << 20;

  /// \returns null where the system has no such memory to give.
  static std::unique_ptr<shared_lane> make();
  /// \returns null where this process cannot reach the memory, or it is not the one that is meant.
  static std::unique_ptr<shared_lane> open(const offer& theirs);
  ~shared_lane() override;
  shared_lane(const shared_lane&) = delete;
  shared_lane& operator=(const shared_lane&) = delete;

  offer to_offer() const;
  /// Gives the descriptor up: the peer has opened the memory, or will not.
  void settle() { memory_ = descriptor(); }

  std::byte* reserve(std::size_t bytes, std::uint64_t& place) override;
  bool take(std::uint64_t place, void* to, std::size_t bytes) override;
  bool forget(std::uint64_t place) override;

 private:
  struct layout;
  static layout* map(const descriptor& memory);
  shared_lane(descriptor memory, layout* shared, std::size_t out)
      : memory_(std::move(memory)), shared_(shared), out_(out) {}

  descriptor memory_;
  layout* shared_;
  std::size_t out_;                        ///< the ring this side writes to; it reads the other
  std::uint64_t written_ = 0, taken_ = 0;  ///< ends of what was reserved, and of what was read
  std::uint64_t oldest_ = 0;               ///< where the first lies since the ring was empty
};

}  // namespace troupe
