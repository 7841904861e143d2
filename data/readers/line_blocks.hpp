#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "troupe/data/feature_bytes.hpp"
#include "troupe/data/readers/byte_source.hpp"

namespace troupe {

/// Some whole lines of a text file. The last byte is a newline, so a parser that stops at newlines
/// needs no other bound; `padding` more bytes can be read, but mean nothing.
class text_block {
 public:
  static constexpr std::size_t padding = 16;
  /// What can be one record; a file with a longer one is no text.
  static constexpr std::size_t most_bytes = std::size_t{1} << 30;

  const char* begin() const noexcept { return bytes_.data(); }
  const char* end() const noexcept { return bytes_.data() + size_; }
  std::size_t size() const noexcept { return size_; }

  /// Forgets the bytes before `from`.
  void drop_before(const char* from);
  /// Adds the lines of another block.
  void append(const text_block& more);
  /// Room for so many bytes; what is there stays.
  char* reserve(std::size_t bytes);
  void set_size(std::size_t size) noexcept { size_ = size; }

 private:
  std::vector<char, unset_allocator<char>> bytes_;
  std::size_t size_ = 0;
};

/// A text file, plain or gzip, in blocks of whole lines. One thread at a time.
class line_blocks {
 public:
  /// \param bytes what a block has, about; 0: what suits.
  explicit line_blocks(const std::string& path, std::size_t bytes = 0)
      : source_(path), block_bytes_(bytes != 0 ? bytes : default_bytes) {}

  /// The next block, in place of what was in `block`; false at the end. A newline is added to a
  /// last line without. A byte order mark at the start of the file is left out.
  /// \throws error (data) as byte_source, or for a line that cannot be text (longer than 1 GiB).
  bool next(text_block& block);

  const std::string& path() const noexcept { return source_.path(); }
  const byte_source& source() const noexcept { return source_; }

 private:
  /// Blocks and what is made of them fit in a second-level cache.
  static constexpr std::size_t default_bytes = std::size_t{1} << 18;

  byte_source source_;
  std::size_t block_bytes_;
  std::string tail_;  // of the last block read: the start of a line
  bool at_end_ = false;
  bool started_ = false;
};

}  // namespace troupe
