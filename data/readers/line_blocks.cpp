#include "troupe/data/readers/line_blocks.hpp"

#include <algorithm>
#include <cstring>

#include "troupe/base/error.hpp"

namespace troupe {

char* text_block::reserve(std::size_t bytes) {
  if (bytes_.size() < bytes + padding) bytes_.resize(bytes + padding);
  return bytes_.data();
}

void text_block::drop_before(const char* from) {
  size_ = static_cast<std::size_t>(end() - from);
  if (size_ > 0) std::memmove(bytes_.data(), from, size_);
}

void text_block::append(const text_block& more) {
  if (more.size_ == 0) return;
  std::size_t room = std::max<std::size_t>(bytes_.size(), 1);
  while (room < size_ + more.size_ + padding) room *= 2;  // long records come in many blocks
  std::memcpy(reserve(room - padding) + size_, more.begin(), more.size_);
  size_ += more.size_;
}

bool line_blocks::next(text_block& block) {
  std::size_t room = std::max(block_bytes_, 2 * tail_.size());
  std::size_t filled = tail_.size();
  std::copy(tail_.begin(), tail_.end(), block.reserve(room));
  tail_.clear();
  block.set_size(0);
  while (!at_end_) {
    char* bytes = block.reserve(room);
    const std::size_t wanted = room - filled - 1;  // a byte is left for a newline at the end
    const std::size_t got = source_.read(reinterpret_cast<std::byte*>(bytes + filled), wanted);
    at_end_ = got < wanted;
    const std::size_t old = filled;
    filled += got;
    if (!started_ && filled >= 3 && std::memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
      filled -= 3;
      std::memmove(bytes, bytes + 3, filled);
    }
    started_ = true;
    const std::size_t from = std::min(old, filled);
    const void* last = ::memrchr(bytes + from, '\n', filled - from);
    if (last) {
      const auto size = static_cast<std::size_t>(static_cast<const char*>(last) - bytes) + 1;
      tail_.assign(bytes + size, filled - size);
      block.set_size(size);
      return true;
    }
    if (!at_end_ && room >= text_block::most_bytes) {
      throw data_error(path(), "not a text file: a record is longer than 1 GiB");
    }
    // Doubling keeps the work in proportion to the length of the line.
    if (!at_end_) room *= 2;
  }
  if (filled == 0) return false;
  block.reserve(filled + 1)[filled] = '\n';
  block.set_size(filled + 1);
  return true;
}

}  // namespace troupe
