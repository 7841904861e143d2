#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "troupe/actors/messages/lane.hpp"
#include "troupe/cluster/transport/sockets.hpp"

namespace troupe {

/// A lane between two processes of one user on one machine: a stretch of memory for each direction,
/// without a name that nobody else can open, that nobody can make smaller, and that goes with the
/// processes. What lies in it is neither encrypted nor does it pass through the network; the
/// messages that tell where it lies do.
///
/// Messages are read where they lie. That trusts a peer not to change one after it is sent, which
/// is no more than processes of one user have to trust each other with anyway; whatever else it
/// does to the memory, this process stays within its bounds.
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

  /// Of each direction, in bytes. Pages that are never used cost nothing.
  static constexpr std::uint32_t capacity = 128u << 20;

  /// \returns null where the system has no such memory to give.
  static std::unique_ptr<shared_lane> make();
  /// \returns null where this process cannot reach the memory, or it is not the one that is meant.
  static std::unique_ptr<shared_lane> open(const offer& theirs);
  shared_lane(const shared_lane&) = delete;
  shared_lane& operator=(const shared_lane&) = delete;

  offer to_offer() const;
  /// Gives the descriptor up: the peer has opened the memory, or will not.
  void settle() { memory_ = descriptor(); }

  std::byte* reserve(std::size_t bytes, std::uint64_t& place) override;
  std::shared_ptr<const std::byte[]> take(std::uint64_t place, std::size_t bytes) override;
  bool forget(std::uint64_t place) override;

 private:
  struct layout;
  /// Where a message lies that this side has written.
  struct stretch {
    std::uint32_t first, units;
    std::uint64_t turn;
  };
  static std::shared_ptr<layout> map(const descriptor& memory);
  shared_lane(descriptor memory, std::shared_ptr<layout> shared, std::size_t out)
      : memory_(std::move(memory)), shared_(std::move(shared)), out_(out) {}

  descriptor memory_;
  std::shared_ptr<layout> shared_;          ///< also of messages that are still held
  std::size_t out_;                         ///< the half this side writes to; it reads the other
  std::vector<stretch> under_way_;          ///< in the order of memory
  std::uint64_t written_ = 0, looked_ = 0;  ///< turns: of the next written, and of the next read
};

}  // namespace troupe
