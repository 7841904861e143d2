#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "troupe/base/error.hpp"
#include "troupe/data/prepare.hpp"
#include "troupe/data/readers/float_rows.hpp"
#include "troupe/data/readers/line_blocks.hpp"
#include "troupe/data/readers/number_text.hpp"

namespace troupe {

namespace {

bool blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}
/// The end of what counts in a line: a comment may follow.
bool at_end(const char* at) {
  return *at == '\n' || *at == '#';
}

/// Lines of `label index:value index:value ...`, indices from 1 and ascending, values left out
/// being zero (the format of LIBSVM and SVMlight). Rows become dense.
class libsvm_file {
 public:
  explicit libsvm_file(const read_request& request)
      : request_(request),
        width_(static_cast<std::size_t>(request.options.integer("features"))),
        blocks_(resolve_path(request.directory, request.options.text("path"))),
        rows_(data_.features, width_) {}

  dataset read() {
    data_.origin = blocks_.path();
    data_.shape = {width_};
    bool more = true;
    while (more && blocks_.next()) {
      for (const char* at = blocks_.begin(); more && at < blocks_.end(); ++line_) {
        at = read_line(at);
        more = request_.rows == 0 || rows_.count() < request_.rows;
      }
    }
    if (rows_.count() == 0) throw data_error(data_.origin, "there are no rows");
    rows_.finish();
    data_.set_rows(rows_.count());
    return std::move(data_);
  }

 private:
  const char* read_line(const char* at) {
    skip_blanks(at);
    if (!at_end(at)) {
      float* row = rows_.next();
      read_label(at);
      std::size_t last = 0;
      for (skip_blanks(at); !at_end(at); skip_blanks(at)) last = read_pair(at, last, row);
      rows_.added();
    }
    while (*at != '\n') ++at;
    return at + 1;
  }

  static void skip_blanks(const char*& at) {
    while (blank(*at)) ++at;
  }

  void read_label(const char*& at) {
    const char* end = at;
    while (!blank(*end) && !at_end(end) && *end != ':') ++end;
    const bool labelled = *end != ':';
    if (rows_.count() == 0) labelled_ = labelled;
    if (labelled != labelled_ || (!labelled && !request_.labels_optional)) {
      throw data_error(
          place(), labelled ? "there is a label, but earlier rows have none" : "there is no label");
    }
    if (!labelled) return;
    double label = 0;
    const number_fault fault = parse_number(at, end, label);
    if (fault != number_fault::none) {
      throw data_error(place(), "the label " + describe(fault, at, end));
    }
    data_.labels.push_back(static_cast<float>(label));
    at = end;
  }

  /// Reads index:value into its place and returns the index.
  std::size_t read_pair(const char*& at, std::size_t last, float* row) {
    const char* end = at;
    while (!blank(*end) && !at_end(end)) ++end;
    std::size_t index = 0;
    const auto [colon, failure] = std::from_chars(at, end, index);
    if (failure != std::errc() || colon == end || *colon != ':') {
      throw data_error(place(), describe(number_fault::none, at, end) + " is not index:value");
    }
    if (index < 1 || index > width_) {
      throw data_error(place(), fmt::format("index {} is not within 1..{} (the option `features`)",
                                            index, width_));
    }
    if (index <= last) {
      throw data_error(place(), fmt::format("index {} follows {}; they must ascend", index, last));
    }
    const char* value = colon + 1;
    double number = 0;
    const char* next = value;
    if (!short_number(next, number) || next != end || std::abs(number) > 1e38) {
      const number_fault fault = parse_number(value, end, number);
      if (fault != number_fault::none) {
        throw data_error(fmt::format("{}: index {}", place(), index), describe(fault, value, end));
      }
    }
    row[index - 1] = static_cast<float>(number);
    at = end;
    return index;
  }

  std::string place() const { return fmt::format("{}:{}", data_.origin, line_); }

  const read_request& request_;
  std::size_t width_;
  line_blocks blocks_;
  dataset data_;
  float_rows rows_;
  std::size_t line_ = 1;
  bool labelled_ = true;
};

}  // namespace

reader_entry libsvm_reader() {
  reader_entry entry;
  entry.name = "libsvm";
  entry.summary = "sparse rows as text (label index:value ...), plain or gzip, made dense";
  entry.options = {
      declare::text("path", "path of the file").required(),
      declare::integer("features", "how many features a row has; the largest index allowed")
          .at_least(1)
          .at_most(1 << 26)
          .required()};
  entry.read = [](const read_request& request) { return libsvm_file(request).read(); };
  return entry;
}

}  // namespace troupe
