#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "troupe/base/error.hpp"
#include "troupe/data/prepare.hpp"
#include "troupe/data/readers/float_rows.hpp"
#include "troupe/data/readers/number_text.hpp"
#include "troupe/data/readers/ordered_blocks.hpp"

namespace troupe {

namespace {

constexpr const char* no_label = "there is no label";
constexpr const char* late_label = "there is a label, but earlier rows have none";

bool blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}
void skip_blanks(const char*& at) {
  while (blank(*at)) ++at;
}
/// The end of what counts in a line: a comment may follow.
bool at_end(const char* at) {
  return *at == '\n' || *at == '#';
}

/// The rows of a block of lines, still sparse.
class libsvm_rows : public block_work {
 public:
  libsvm_rows(std::size_t width, bool labels_optional)
      : width_(width), labels_optional_(labels_optional) {}

  void parse() override;

  struct entry {
    std::uint32_t index;  ///< from 0
    float value;
  };
  std::vector<entry> entries;     ///< of all rows, one after the other
  std::vector<std::size_t> ends;  ///< of each row's entries
  std::vector<float> labels;      ///< one a row, or none
  std::size_t first_line = 0;     ///< of the first row, counted from 0 in the block
  std::size_t lines = 0;          ///< before what is wrong, or all
  std::optional<bool> labelled;   ///< as the first row is
  /// What is wrong with the row after the last: where, behind the line's number, and why.
  std::optional<std::pair<std::string, std::string>> wrong;

 private:
  bool read_row(const char*& at);
  bool read_label(const char*& at);
  const char* read_pair(const char* at, std::size_t last);
  bool refuse(std::string message, std::string place = "") {
    wrong.emplace(std::move(place), std::move(message));
    return false;
  }

  std::size_t width_;
  bool labels_optional_;
};

void libsvm_rows::parse() {
  entries.clear();
  ends.clear();
  labels.clear();
  lines = 0;
  labelled.reset();
  wrong.reset();
  for (const char* at = text.begin(); at < text.end(); ++lines) {
    skip_blanks(at);
    if (!at_end(at)) {
      if (!read_row(at)) return;
      ends.push_back(entries.size());
    }
    if (*at != '\n')
      at = static_cast<const char*>(
          std::memchr(at, '\n', static_cast<std::size_t>(text.end() - at)));
    ++at;
  }
}

bool libsvm_rows::read_row(const char*& at) {
  if (!read_label(at)) return false;
  std::size_t last = 0;
  for (skip_blanks(at); !at_end(at); skip_blanks(at)) {
    at = read_pair(at, last);
    if (!at) return false;
    last = entries.back().index + std::size_t{1};
  }
  return true;
}

bool libsvm_rows::read_label(const char*& at) {
  const char* end = at;
  while (!blank(*end) && !at_end(end) && *end != ':') ++end;
  const bool has_label = *end != ':';
  if (!labelled) {
    labelled = has_label;
    first_line = lines;
  }
  if (!has_label && !labels_optional_) return refuse(no_label);
  if (has_label != *labelled) return refuse(has_label ? late_label : no_label);
  if (!has_label) return true;
  double label = 0;
  const number_fault fault = parse_number(at, end, label);
  if (fault != number_fault::none) return refuse("the label " + describe(fault, at, end));
  labels.push_back(static_cast<float>(label));
  at = end;
  return true;
}

/// Reads index:value and returns what is behind it; null where it is wrong.
const char* libsvm_rows::read_pair(const char* at, std::size_t last) {
  // Short numbers are read where they stand; all else, and what is wrong, as a whole word.
  std::uint64_t short_index = 0;
  const unsigned digits = digit_run(at, short_index);
  if (digits > 0 && digits < 8 && at[digits] == ':' && short_index > last &&
      short_index <= width_) {
    const char* next = at + digits + 1;
    double number = 0;
    if (short_number(next, number) && (blank(*next) || at_end(next))) {
      entries.push_back({static_cast<std::uint32_t>(short_index - 1), static_cast<float>(number)});
      return next;
    }
  }
  const char* end = at;
  while (!blank(*end) && !at_end(end)) ++end;
  std::size_t index = 0;
  const auto [colon, failure] = std::from_chars(at, end, index);
  if (failure != std::errc() || colon == end || *colon != ':') {
    refuse(describe(number_fault::none, at, end) + " is not index:value");
  } else if (index < 1 || index > width_) {
    refuse(fmt::format("index {} is not within 1..{} (the option `features`)", index, width_));
  } else if (index <= last) {
    refuse(fmt::format("index {} follows {}; they must ascend", index, last));
  } else {
    const char* value = colon + 1;
    double number = 0;
    const number_fault fault = parse_number(value, end, number);
    if (fault == number_fault::none) {
      entries.push_back({static_cast<std::uint32_t>(index - 1), static_cast<float>(number)});
      return end;
    }
    refuse(describe(fault, value, end), fmt::format(": index {}", index));
  }
  return nullptr;
}

/// Lines of `label index:value index:value ...`, indices from 1 and ascending, values left out
/// being zero (the format of LIBSVM and SVMlight). Rows become dense as their blocks are put
/// together: where there are many features, what several threads hold of them stays small.
class libsvm_file {
 public:
  explicit libsvm_file(const read_request& request)
      : request_(request),
        width_(static_cast<std::size_t>(request.options.integer("features"))),
        blocks_(resolve_path(request.directory, request.options.text("path")), request.block_bytes),
        rows_(data_.features, width_) {}

  dataset read() {
    data_.origin = blocks_.path();
    data_.shape = {width_};
    each_in_order(
        blocks_, parsing_threads(request_.threads),
        [this] { return std::make_unique<libsvm_rows>(width_, request_.labels_optional); },
        [this](block_work& work) { return take(static_cast<const libsvm_rows&>(work)); });
    if (rows_.count() == 0) throw data_error(data_.origin, "there are no rows");
    data_.set_rows(rows_.count());
    return std::move(data_);
  }

 private:
  /// False once there are rows enough.
  bool take(const libsvm_rows& block) {
    if (block.labelled) {
      if (!labelled_) labelled_ = block.labelled;
      if (*labelled_ != *block.labelled) {
        throw data_error(place(line_ + block.first_line), *labelled_ ? no_label : late_label);
      }
    }
    std::size_t count = block.ends.size();
    const std::size_t wanted = request_.rows;
    const bool enough = wanted != 0 && rows_.count() + count >= wanted;
    if (enough) count = wanted - rows_.count();
    add(block, count);
    if (enough) return false;
    if (block.wrong) {
      throw data_error(place(line_ + block.lines) + block.wrong->first, block.wrong->second);
    }
    line_ += block.lines;
    return true;
  }

  void add(const libsvm_rows& block, std::size_t count) {
    if (count == 0) return;
    if (rows_.count() == 0) {
      rows_.expect(static_cast<double>(blocks_.source().likely_bytes()) /
                   static_cast<double>(block.text.size()) * static_cast<double>(count));
    }
    float* row = rows_.add(count);
    std::memset(row, 0, count * width_ * sizeof(float));
    std::size_t i = 0;
    for (std::size_t r = 0; r < count; ++r, row += width_) {
      for (; i < block.ends[r]; ++i) row[block.entries[i].index] = block.entries[i].value;
    }
    if (*labelled_) {
      data_.labels.insert(data_.labels.end(), block.labels.begin(),
                          block.labels.begin() + static_cast<std::ptrdiff_t>(count));
    }
  }

  std::string place(std::size_t line) const { return fmt::format("{}:{}", data_.origin, line); }

  const read_request& request_;
  std::size_t width_;
  line_blocks blocks_;
  dataset data_;
  float_rows rows_;
  std::size_t line_ = 1;          // of the next block's first
  std::optional<bool> labelled_;  // as the first row is
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
