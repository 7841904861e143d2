#include "grid.hpp"

#include <algorithm>

namespace troupe::cli {

namespace {

struct span_of {
  char32_t first, last;
};

bool within(char32_t c, const span_of* list, std::size_t count) {
  return std::any_of(list, list + count,
                     [c](const span_of& s) { return c >= s.first && c <= s.last; });
}

constexpr span_of wide[] = {{0x1100, 0x115F}, {0x2E80, 0xA4CF},   {0xAC00, 0xD7A3},
                            {0xF900, 0xFAFF}, {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
                            {0xFFE0, 0xFFE6}, {0x1F300, 0x1FAFF}, {0x20000, 0x3FFFD}};
constexpr span_of joining[] = {
    {0x300, 0x36F}, {0x200B, 0x200D}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}};
/// Controls, and what changes the direction of a line.
constexpr span_of unwanted[] = {{0, 0x1F},          {0x7F, 0x9F},
                                {0x200E, 0x200F},   {0x2028, 0x202E},
                                {0x2060, 0x206F},   {0xD800, 0xDFFF},
                                {0xFEFF, 0xFEFF},   {0xFFF0, 0xFFFB},
                                {0xE0000, 0xE0FFF}, {0x110000, ~char32_t{0}}};

/// The character at `i`, which moves behind it; U+FFFD for what is none.
char32_t next_character(std::string_view text, std::size_t& i) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char first = byte(i++);
  if (first < 0x80) return first;
  const int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC2 ? 1 : 0;
  static constexpr char32_t least[] = {0, 0x80, 0x800, 0x10000};
  char32_t c = first & (0x3Fu >> more);
  std::size_t at = i;
  for (int k = 0; k < more; ++k, ++at) {
    if (at >= text.size() || (byte(at) & 0xC0u) != 0x80) return 0xFFFD;
    c = (c << 6) | (byte(at) & 0x3Fu);
  }
  if (more == 0 || first > 0xF4 || c < least[more]) return 0xFFFD;
  i = at;
  return c;
}

}  // namespace

std::u32string characters(std::string_view utf8) {
  std::u32string out;
  for (std::size_t i = 0; i < utf8.size();) {
    const char32_t c = next_character(utf8, i);
    out += c == 0xFFFD || within(c, unwanted, std::size(unwanted)) ? U'?' : c;
  }
  return out;
}

int columns_of(char32_t c) {
  if (c < 0x300) return 1;
  if (within(c, joining, std::size(joining))) return 0;
  return within(c, wide, std::size(wide)) ? 2 : 1;
}

int columns_of(std::string_view utf8) {
  int columns = 0;
  for (const char32_t c : characters(utf8)) columns += columns_of(c);
  return columns;
}

void append_utf8(std::string& out, char32_t c) {
  const auto add = [&](char32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) return add(c);
  if (c < 0x800) {
    add(0xC0 | (c >> 6));
  } else if (c < 0x10000) {
    add(0xE0 | (c >> 12));
    add(0x80 | ((c >> 6) & 0x3F));
  } else {
    add(0xF0 | (c >> 18));
    add(0x80 | ((c >> 12) & 0x3F));
    add(0x80 | ((c >> 6) & 0x3F));
  }
  add(0x80 | (c & 0x3F));
}

grid::grid(int width, int height, bool unicode)
    : width_(std::max(width, 0)),
      height_(std::max(height, 0)),
      unicode_(unicode),
      cells_(static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_)) {}

void grid::set(int x, int y, char32_t glyph, look style) {
  if (!inside(x, y)) return;
  cells_[index(x, y)] = {unicode_ || glyph < 0x7F ? glyph : U'?', style};
}

void grid::fill(int x, int y, int columns, char32_t glyph, look style) {
  for (int i = 0; i < columns; ++i) set(x + i, y, glyph, style);
}

int grid::put(int x, int y, std::string_view utf8, look style, int room) {
  std::u32string text = characters(utf8);
  if (!unicode_) {
    text.erase(std::remove_if(text.begin(), text.end(), [](char32_t c) { return !columns_of(c); }),
               text.end());
    for (char32_t& c : text) {
      if (c > 0x7E) c = U'?';
    }
  }
  const int end = std::min(width_, x + std::max(room, 0));
  int columns = 0;
  for (const char32_t c : text) columns += columns_of(c);
  const bool cut = x + columns > end;
  const int last = cut ? end - 1 : end;  // room for the mark
  for (const char32_t c : text) {
    const int wide_by = columns_of(c);
    if (wide_by == 0) continue;
    if (x + wide_by > last) break;
    set(x, y, c, style);
    if (wide_by == 2) set(x + 1, y, 0, style);
    x += wide_by;
  }
  if (cut && x < end) set(x++, y, unicode_ ? U'…' : U'~', style);
  return x;
}

void grid::put_right(int end, int y, std::string_view utf8, look style, int room) {
  const int columns = std::min(columns_of(utf8), room);
  put(end - columns, y, utf8, style, columns);
}

std::string grid::line(int y) const {
  std::string out;
  for (int x = 0; x < width_; ++x) {
    if (const char32_t glyph = at(x, y).glyph) append_utf8(out, glyph);
  }
  out.resize(out.find_last_not_of(' ') + 1);
  return out;
}

std::string grid::text() const {
  std::string out;
  for (int y = 0; y < height_; ++y) out += line(y) + "\n";
  return out;
}

}  // namespace troupe::cli
