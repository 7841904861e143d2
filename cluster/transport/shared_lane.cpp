#include "troupe/cluster/transport/shared_lane.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/rand.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>
#include <string>

namespace troupe {

namespace {

constexpr const char* memory_name = "troupe-lane";
constexpr int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
constexpr std::size_t cache_line = 64, page = 4096;

static_assert(sizeof(shared_lane::offer) == 32, "as it is sent");
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "processes share them");

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

/// Places count the bytes of a ring from its beginning in time: place % capacity is where they lie.
struct shared_lane::layout {
  struct ring {
    alignas(page) std::atomic<std::uint64_t> taken{0};
    alignas(page) std::array<std::byte, capacity> bytes;
  };
  alignas(cache_line) std::array<unsigned char, 16> token;
  std::array<ring, 2> rings;  // the first is written by who made the memory
};

shared_lane::layout* shared_lane::map(const descriptor& memory) {
  void* const at =
      ::mmap(nullptr, sizeof(layout), PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
  return at == MAP_FAILED ? nullptr : static_cast<layout*>(at);
}

shared_lane::~shared_lane() {
  ::munmap(shared_, sizeof(layout));
}

std::unique_ptr<shared_lane> shared_lane::make() {
  descriptor memory(::memfd_create(memory_name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory || ::ftruncate(memory.get(), sizeof(layout)) != 0 ||
      ::fcntl(memory.get(), F_ADD_SEALS, seals) != 0) {
    return nullptr;
  }
  layout* const shared = map(memory);
  if (!shared) return nullptr;
  new (shared) layout;  // leaves the bytes alone, which are zero
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
  // Only what cannot be made smaller can be read without fear.
  if (!memory || ::fstat(memory.get(), &about) != 0 ||
      about.st_size != static_cast<off_t>(sizeof(layout)) ||
      ::fcntl(memory.get(), F_GET_SEALS) != seals) {
    return nullptr;
  }
  layout* const shared = map(memory);
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
  layout::ring& ring = shared_->rings[out_];
  const std::uint64_t taken = ring.taken.load(std::memory_order_acquire);
  std::uint64_t at = (written_ + cache_line - 1) / cache_line * cache_line;
  const std::uint64_t next = (at + capacity - 1) / capacity * capacity;
  place = written_;
  if (bytes > capacity || taken > written_) return nullptr;
  if (taken == written_) {
    oldest_ = at = next;  // an empty ring begins anew, where memory is still in the caches
  } else if (at % capacity + bytes > capacity) {
    at = next;  // nothing goes around the end
  }
  if (at + bytes - std::max(taken, oldest_) > capacity) return nullptr;
  place = at;
  written_ = at + bytes;
  return ring.bytes.data() + at % capacity;
}

bool shared_lane::take(std::uint64_t place, void* to, std::size_t bytes) {
  layout::ring& ring = shared_->rings[1 - out_];
  if (place < taken_ || bytes > capacity || place % capacity + bytes > capacity) return false;
  std::memcpy(to, ring.bytes.data() + place % capacity, bytes);
  return forget(place + bytes);
}

bool shared_lane::forget(std::uint64_t place) {
  if (place < taken_) return false;
  taken_ = place;
  shared_->rings[1 - out_].taken.store(taken_, std::memory_order_release);
  return true;
}

}  // namespace troupe
