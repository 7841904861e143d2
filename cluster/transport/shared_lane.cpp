#include "troupe/cluster/transport/shared_lane.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/rand.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <new>
#include <string>

namespace troupe {

namespace {

constexpr const char* memory_name = "troupe-lane";
constexpr int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
constexpr std::size_t cache_line = 64, page = 4096;
/// Messages begin at multiples of so many bytes.
constexpr std::size_t unit = 64 << 10;

static_assert(sizeof(shared_lane::offer) == 32, "as it is sent");
static_assert(std::atomic<std::uint64_t>::is_always_lock_free &&
                  std::atomic<std::uint32_t>::is_always_lock_free,
              "processes share them");

/// Another process' descriptor, where that is memory of this kind.
descriptor open_memory_of(std::uint32_t process, std::uint32_t number) {
  const std::string path = fmt::format("/proc/{}/fd/{}", process, number);
  // Nothing else is opened: a process of this number may be another one, in a container.
  std::array<char, 64> target{};
  const std::string expected = fmt::format("/memfd:{} ", memory_name);
  if (::readlink(path.c_str(), target.data(), target.size() - 1) <= 0) return {};
  if (std::string(target.data()).rfind(expected, 0) != 0) return {};
  return descriptor(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
}

}  // namespace

/// A place is the turn of a message, counted from 0, times the capacity, and where it begins.
struct shared_lane::layout {
  struct half {
    /// By whoever reads: the messages of earlier turns are read or never will be ...
    alignas(page) std::atomic<std::uint64_t> looked{0};
    /// ... and of those that begin at each unit, whether one is held.
    std::array<std::atomic<std::uint32_t>, capacity / unit> held{};
    alignas(page) std::array<std::byte, capacity> bytes;
  };
  alignas(cache_line) std::array<unsigned char, 16> token;
  std::array<half, 2> halves;  // the first is written by who made the memory
};

std::shared_ptr<shared_lane::layout> shared_lane::map(const descriptor& memory) {
  void* const at =
      ::mmap(nullptr, sizeof(layout), PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
  if (at == MAP_FAILED) return nullptr;
  return {static_cast<layout*>(at), [](layout* mapped) { ::munmap(mapped, sizeof(layout)); }};
}

std::unique_ptr<shared_lane> shared_lane::make() {
  descriptor memory(::memfd_create(memory_name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory || ::ftruncate(memory.get(), sizeof(layout)) != 0 ||
      ::fcntl(memory.get(), F_ADD_SEALS, seals) != 0) {
    return nullptr;
  }
  const std::shared_ptr<layout> shared = map(memory);
  if (!shared) return nullptr;
  new (shared.get()) layout;  // leaves the bytes alone, which are zero
  std::unique_ptr<shared_lane> made(new shared_lane(std::move(memory), shared, 0));
  auto& token = shared->token;
  return RAND_bytes(token.data(), static_cast<int>(token.size())) == 1 ? std::move(made) : nullptr;
}

std::unique_ptr<shared_lane> shared_lane::open(const offer& theirs) {
  if (theirs.kind != offer().kind || theirs.capacity != capacity || theirs.process == 0) {
    return nullptr;
  }
  descriptor memory = open_memory_of(theirs.process, theirs.descriptor);
  struct stat about {};
  // Only what cannot be made smaller, and is of this user, can be read without fear.
  if (!memory || ::fstat(memory.get(), &about) != 0 ||
      about.st_size != static_cast<off_t>(sizeof(layout)) || about.st_uid != ::geteuid() ||
      ::fcntl(memory.get(), F_GET_SEALS) != seals) {
    return nullptr;
  }
  const std::shared_ptr<layout> shared = map(memory);
  if (!shared) return nullptr;
  std::unique_ptr<shared_lane> opened(new shared_lane(descriptor(), shared, 1));
  return shared->token == theirs.token ? std::move(opened) : nullptr;
}

shared_lane::offer shared_lane::to_offer() const {
  offer own;
  own.process = static_cast<std::uint32_t>(::getpid());
  own.descriptor = static_cast<std::uint32_t>(memory_.get());
  own.capacity = capacity;
  own.token = shared_->token;
  return own;
}

std::byte* shared_lane::reserve(std::size_t bytes, std::uint64_t& place) {
  layout::half& half = shared_->halves[out_];
  const std::uint64_t looked = half.looked.load(std::memory_order_acquire);
  under_way_.erase(std::remove_if(under_way_.begin(), under_way_.end(),
                                  [&](const stretch& s) {
                                    return s.turn < looked &&
                                           half.held[s.first].load(std::memory_order_acquire) == 0;
                                  }),
                   under_way_.end());
  place = written_ * capacity;
  if (bytes > capacity) return nullptr;
  // The first gap: memory that was used last is still in the caches.
  const auto units =
      static_cast<std::uint32_t>(std::max<std::size_t>(1, (bytes + unit - 1) / unit));
  std::uint32_t first = 0;
  auto next = under_way_.begin();
  for (; next != under_way_.end() && next->first - first < units; ++next) {
    first = next->first + next->units;
  }
  if (first + units > capacity / unit) return nullptr;
  under_way_.insert(next, {first, units, written_});
  place += std::uint64_t{first} * unit;
  ++written_;
  return half.bytes.data() + std::size_t{first} * unit;
}

std::shared_ptr<const std::byte[]> shared_lane::take(std::uint64_t place, std::size_t bytes) {
  layout::half& half = shared_->halves[1 - out_];
  const std::size_t at = place % capacity;
  if (at % unit != 0 || bytes == 0 || bytes > capacity - at) return nullptr;
  auto& held = half.held[at / unit];
  if (place / capacity < looked_) return nullptr;
  // Held before it is known to be read, or its room would be free in between.
  held.store(1, std::memory_order_relaxed);
  std::shared_ptr<const std::byte[]> out(
      half.bytes.data() + at,
      [shared = shared_, &held](const std::byte*) { held.store(0, std::memory_order_release); });
  return forget(place + capacity) ? std::move(out) : nullptr;
}

bool shared_lane::forget(std::uint64_t place) {
  if (place / capacity < looked_) return false;
  looked_ = place / capacity;
  shared_->halves[1 - out_].looked.store(looked_, std::memory_order_release);
  return true;
}

}  // namespace troupe
