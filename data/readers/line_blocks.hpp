#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "troupe/data/readers/byte_source.hpp"

namespace troupe {

/// A text file, plain or gzip, in large blocks of whole lines. One thread.
class line_blocks {
 public:
  static constexpr std::size_t padding = 16;

  explicit line_blocks(const std::string& path) : source_(path) {}

  /// The next block; false at the end. Its last byte is a newline (one is added to a last line
  /// without), so a parser that stops at newlines needs no other bound; `padding` more bytes can
  /// be read, but mean nothing. A byte order mark at the start of the file is left out.
  /// \throws error (data) as byte_source, or for a line that cannot be text (longer than 1 GiB).
  bool next();
  const char* begin() const noexcept { return buffer_.data(); }
  const char* end() const noexcept { return buffer_.data() + block_; }
  /// Whether no other block follows.
  bool last() const noexcept { return at_end_ && block_ == filled_; }

  /// Says that the record at `from` goes on behind the block (a quoted newline): the next block
  /// starts there.
  void keep(const char* from) noexcept { done_ = static_cast<std::size_t>(from - begin()); }

  const std::string& path() const noexcept { return source_.path(); }
  std::uint64_t most_bytes() const noexcept { return source_.most_bytes(); }
  bool compressed() const noexcept { return source_.compressed(); }

 private:
  void drop_done();

  byte_source source_;
  std::vector<char> buffer_;
  std::size_t filled_ = 0;  // bytes in the buffer
  std::size_t block_ = 0;   // of them in the block
  std::size_t done_ = 0;    // of them no longer needed
  bool at_end_ = false;
  bool started_ = false;
};

}  // namespace troupe
