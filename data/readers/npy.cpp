#include <fmt/format.h>

#include <cctype>
#include <limits>

#include "troupe/base/error.hpp"
#include "troupe/data/readers/array.hpp"

namespace troupe {

namespace {

/// Walks the header, a Python literal: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class literal {
 public:
  literal(const std::string& text, const std::string& path) : text_(text), path_(path) {}

  bool take(char c) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) fail(fmt::format("'{}' is missing", c));
  }
  std::string quoted() {
    skip_blanks();
    const char quote = at_ < text_.size() ? text_[at_] : ' ';
    if (quote != '\'' && quote != '"') fail("a quoted word is missing");
    const auto end = text_.find(quote, at_ + 1);
    if (end == std::string::npos) fail("a quote is not closed");
    std::string word = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return word;
  }
  bool boolean() {
    skip_blanks();
    for (const char* word : {"True", "False"}) {
      if (text_.compare(at_, std::string(word).size(), word) == 0) {
        at_ += std::string(word).size();
        return *word == 'T';
      }
    }
    fail("True or False is missing");
  }
  std::size_t number() {
    skip_blanks();
    const std::size_t first = at_;
    std::size_t value = 0;
    while (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_]))) {
      const auto digit = static_cast<std::size_t>(text_[at_++] - '0');
      if (value > (std::numeric_limits<std::size_t>::max() - digit) / 10)
        fail("an extent is too large");
      value = value * 10 + digit;
    }
    if (at_ == first) fail("a number is missing");
    return value;
  }
  [[noreturn]] void fail(const std::string& reason) const {
    throw data_error(path_, "the NPY header cannot be read: " + reason);
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  const std::string& text_;
  const std::string& path_;
  std::size_t at_ = 0;
};

void read_type(const std::string& descr, array_header& header, const literal& at) {
  struct known {
    const char* name;
    number_kind kind;
  };
  constexpr known kinds[] = {
      {"b1", number_kind::u8},  {"u1", number_kind::u8},  {"i1", number_kind::i8},
      {"u2", number_kind::u16}, {"i2", number_kind::i16}, {"u4", number_kind::u32},
      {"i4", number_kind::i32}, {"u8", number_kind::u64}, {"i8", number_kind::i64},
      {"f4", number_kind::f32}, {"f8", number_kind::f64}};
  if (!descr.empty()) {
    header.big_endian = descr.front() == '>';
    const bool has_order = std::string("<>=|").find(descr.front()) != std::string::npos;
    for (const known& k : kinds) {
      if (has_order && descr.substr(1) == k.name) {
        header.kind = k.kind;
        return;
      }
    }
  }
  at.fail("numbers of type '" + descr +
          "' are not supported; known: bool, u1 u2 u4 u8, i1 i2 i4 "
          "i8, f4, f8");
}

std::vector<std::size_t> read_shape(literal& at) {
  std::vector<std::size_t> shape;
  at.expect('(');
  while (!at.take(')')) {
    shape.push_back(at.number());
    if (!at.take(',')) {
      at.expect(')');
      break;
    }
  }
  if (shape.empty()) at.fail("a single number is no array of rows");
  return shape;
}

array_header parse(const std::string& text, const std::string& path) {
  literal at(text, path);
  array_header header;
  bool has_type = false, has_shape = false;
  at.expect('{');
  while (!at.take('}')) {
    const std::string key = at.quoted();
    at.expect(':');
    if (key == "descr") {
      read_type(at.quoted(), header, at);
      has_type = true;
    } else if (key == "fortran_order") {
      if (at.boolean()) at.fail("the array is in Fortran order; save it in C order");
    } else if (key == "shape") {
      header.shape = read_shape(at);
      has_shape = true;
    } else {
      at.fail("unknown key '" + key + "'");
    }
    if (!at.take(',')) {
      at.expect('}');
      break;
    }
  }
  if (!has_type || !has_shape) at.fail("it lacks the type or the shape");
  return header;
}

/// NumPy's format, versions 1 to 3 (numpy.lib.format): a magic, the version, the length of a
/// header, the header, the values.
array_header npy_header(byte_source& source) {
  constexpr unsigned char magic[] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
  std::byte start[8];
  bool ours = source.read(start, 8) == 8;
  for (std::size_t i = 0; ours && i < sizeof magic; ++i) ours = start[i] == std::byte{magic[i]};
  if (!ours) throw data_error(source.path(), "not an NPY file");
  const auto version = static_cast<unsigned>(start[6]);
  if (version < 1 || version > 3) {
    throw data_error(source.path(), fmt::format("NPY version {} is not known", version));
  }
  std::byte length_bytes[4] = {};
  const std::size_t length_size = version == 1 ? 2 : 4;
  bool whole = source.read(length_bytes, length_size) == length_size;
  std::size_t length = 0;
  for (int i = 3; i >= 0; --i) length = length << 8 | static_cast<std::size_t>(length_bytes[i]);
  whole = whole && length <= source.most_bytes();
  std::string text(whole ? length : 0, ' ');
  whole = whole && source.read(reinterpret_cast<std::byte*>(&text[0]), length) == length;
  if (!whole) throw data_error(source.path(), "the NPY header is cut short");
  return parse(text, source.path());
}

}  // namespace

reader_entry npy_reader() {
  reader_entry entry;
  entry.name = "npy";
  entry.summary = "NumPy's .npy arrays in C order: features in one file, labels in one";
  entry.options = array_options();
  entry.read = [](const read_request& request) { return read_arrays(request, npy_header); };
  return entry;
}

}  // namespace troupe
