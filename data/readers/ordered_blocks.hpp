#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>

#include "troupe/data/readers/line_blocks.hpp"

namespace troupe {

/// A block of lines and what becomes of it.
class block_work {
 public:
  virtual ~block_work() = default;
  /// Called on any thread, beside others of the same kind.
  virtual void parse() = 0;

  text_block text;
};

/// How many threads parse where so many are asked for; 0: as many as there are cores, up to a
/// few, since reading soon waits for memory.
std::size_t parsing_threads(std::size_t asked) noexcept;

/// Reads, parses and takes the blocks of a file: one thread at a time reads, one at a time takes,
/// in the order of the file, while the others parse. The calling thread is one of `threads`;
/// the others start with the second block, so that small files need none.
///
/// `make` makes empty work (a bounded number, used again and again); `take` says whether it wants
/// more, and runs on any of the threads.
/// \throws whatever reading, parsing or taking throws, for the first block in the file's order;
///         none after that is taken.
void each_in_order(line_blocks& blocks, std::size_t threads,
                   const std::function<std::unique_ptr<block_work>()>& make,
                   const std::function<bool(block_work&)>& take);

}  // namespace troupe
