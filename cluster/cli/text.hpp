#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::cli {

/// "1 worker", "2 workers"
inline std::string counted(std::uint64_t count, const char* noun, const char* plural = "s") {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : plural);
}

/// The words of `text` in lines of at most `width` characters, as far as the words allow; lines
/// behind the first begin with `indent` blanks, which count, and so do as many before the first.
std::string wrapped(const std::string& text, std::size_t indent, std::size_t width = 100);

/// Columns of text side by side, two blanks apart, a line a row; the first row is the head. Numbers
/// (every column from `first_number` on) stand at the right. No blanks at the ends of lines.
std::string aligned(const std::vector<std::vector<std::string>>& rows, std::size_t first_number);

/// "1:05", "2:00:07"; whole seconds, rounded up.
std::string span_text(double seconds);

/// The parts between separators, without blanks around them.
std::vector<std::string> split(const std::string& text, char separator);

}  // namespace troupe::cli
