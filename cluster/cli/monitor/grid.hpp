#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::cli {

/// What a piece of the monitor's screen is to look like; a terminal has its own way to show it.
enum class look : unsigned char { plain, dim, bold, title, good, warning, bad, loss, accuracy };

/// The characters of a text. What is no UTF-8, no character of its own, or would steer a terminal
/// is a question mark.
std::u32string characters(std::string_view utf8);
/// Columns that a character takes: 1, 2 (of the far east), or 0 (it joins the one before).
int columns_of(char32_t character);
int columns_of(std::string_view utf8);

/// A screen as cells, apart from any terminal. Whatever lies outside is left out.
class grid {
 public:
  struct cell {
    char32_t glyph = U' ';  ///< 0: the second half of the one before
    look style = look::plain;
  };

  /// Without `unicode` only ASCII gets in: anything else is a question mark.
  grid(int width, int height, bool unicode = true);

  int width() const noexcept { return width_; }
  int height() const noexcept { return height_; }
  bool unicode() const noexcept { return unicode_; }

  /// Writes from column `x` on, in at most `room` columns; a longer text ends in a mark. \returns
  /// the column behind it.
  int put(int x, int y, std::string_view utf8, look style = look::plain, int room = 1 << 20);
  /// The same, ending at the column before `end`.
  void put_right(int end, int y, std::string_view utf8, look style = look::plain,
                 int room = 1 << 20);
  void set(int x, int y, char32_t glyph, look style);
  void fill(int x, int y, int columns, char32_t glyph, look style);

  const cell& at(int x, int y) const { return cells_[index(x, y)]; }
  /// A line as text, without blanks at its end; and all of them, each with its end.
  std::string line(int y) const;
  std::string text() const;

 private:
  bool inside(int x, int y) const { return x >= 0 && y >= 0 && x < width_ && y < height_; }
  std::size_t index(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) +
           static_cast<std::size_t>(x);
  }

  int width_, height_;
  bool unicode_;
  std::vector<cell> cells_;
};

/// UTF-8 of one character.
void append_utf8(std::string& out, char32_t character);

}  // namespace troupe::cli
