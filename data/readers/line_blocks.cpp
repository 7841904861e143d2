#include "troupe/data/readers/line_blocks.hpp"

#include <algorithm>
#include <cstring>

#include "troupe/base/error.hpp"

namespace troupe {

namespace {

/// Half of a second-level cache, so that what was unpacked is parsed from there.
constexpr std::size_t first_size = 1 << 19;
constexpr std::size_t largest_size = std::size_t{1} << 30;

}  // namespace

void line_blocks::drop_done() {
  filled_ -= done_;
  if (done_ > 0) std::memmove(buffer_.data(), buffer_.data() + done_, filled_);
  done_ = 0;
  // What stays is part of a long record; doubling keeps the work in proportion to its length.
  while (filled_ > buffer_.size() / 2) {
    if (buffer_.size() >= largest_size) {
      throw data_error(path(), "not a text file: a record is longer than 1 GiB");
    }
    buffer_.resize(std::max(first_size, 2 * buffer_.size()));
  }
}

bool line_blocks::next() {
  if (buffer_.empty()) buffer_.resize(first_size);
  drop_done();
  std::size_t line_end = 0;
  while (line_end == 0 && !at_end_) {
    drop_done();
    const std::size_t room = buffer_.size() - filled_ - padding;
    const std::size_t got =
        source_.read(reinterpret_cast<std::byte*>(buffer_.data() + filled_), room - 1);
    at_end_ = got < room - 1;
    const std::size_t old = filled_;
    filled_ += got;
    if (!started_) {
      started_ = true;
      if (filled_ >= 3 && std::memcmp(buffer_.data(), "\xEF\xBB\xBF", 3) == 0) {
        done_ = 3;
        drop_done();
      }
    }
    if (at_end_) {
      // There is room for one: reads leave a byte.
      if (filled_ > 0 && buffer_[filled_ - 1] != '\n') buffer_[filled_++] = '\n';
      line_end = filled_;
      break;
    }
    const std::size_t from = std::min(old, filled_);
    for (line_end = filled_; line_end > from && buffer_[line_end - 1] != '\n';) --line_end;
    if (line_end == from) line_end = 0;
  }
  if (at_end_) line_end = filled_;
  block_ = done_ = line_end;
  return block_ > 0;
}

}  // namespace troupe
