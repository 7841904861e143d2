#pragma once

#include <string>
#include <vector>

namespace troupe {

/// One field of a CSV record, without its quotes and the blanks around it.
struct csv_field {
  const char* first = nullptr;
  const char* last = nullptr;
  /// Behind the field: at a delimiter or the end of the line; null where the block ends inside a
  /// quoted field.
  const char* next = nullptr;
  bool quoted = false;
  std::string text() const { return {first, last}; }
};

/// How fields are separated (RFC 4180, with a delimiter of choice): the slow and general half of
/// the reader, for headers, words, quotes and whatever is wrong.
class csv_scanner {
 public:
  explicit csv_scanner(char delimiter) : delimiter_(delimiter) {}

  char delimiter() const noexcept { return delimiter_; }
  bool blank(char c) const noexcept { return (c == ' ' || c == '\t') && c != delimiter_; }
  static bool line_end(const char* at) noexcept {
    return *at == '\n' || (*at == '\r' && at[1] == '\n');
  }
  /// Behind the newline that `at` is at.
  static const char* next_line(const char* at) noexcept { return at + (*at == '\r' ? 2 : 1); }

  /// The field at `at`; the block ends at `end` with a newline. `scratch` holds the text of a
  /// field with doubled quotes.
  csv_field field(const char* at, const char* end, std::string& scratch) const;

  /// All fields of the record at `at`, and where the next begins (null: the block ends within).
  const char* record(const char* at, const char* end, std::vector<std::string>& fields) const;

 private:
  csv_field quoted_field(const char* at, const char* end, std::string& scratch) const;
  char delimiter_;
};

}  // namespace troupe
