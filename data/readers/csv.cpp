#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "troupe/base/error.hpp"
#include "troupe/data/labels.hpp"
#include "troupe/data/readers/csv_rows.hpp"
#include "troupe/data/readers/float_rows.hpp"

namespace troupe {

namespace {

char delimiter_of(const settings& options) {
  const std::string& given = options.text("delimiter");
  if (given == "tab") return '\t';
  if (given.size() != 1 || given.find_first_of("\"\n\r+-.0123456789") != std::string::npos) {
    throw job_error("", "'delimiter' must be one character or tab, not '" + given + "'");
  }
  return given.front();
}

/// One pass over a file: the blocks are parsed as they come, on several threads, and put together
/// here, in their order.
class csv_file {
 public:
  explicit csv_file(const read_request& request)
      : request_(request),
        format_(request.options, delimiter_of(request.options)),
        blocks_(resolve_path(request.directory, request.options.text("path")),
                request.block_bytes) {}

  dataset read() {
    data_.origin = blocks_.path();
    if (start()) {
      each_in_order(
          blocks_, parsing_threads(request_.threads),
          [this] { return std::make_unique<csv_rows>(format_); },
          [this](block_work& work) { return take(static_cast<csv_rows&>(work)); });
    }
    if (open_) take_rest();
    if (!rows_ || rows_->count() == 0) throw data_error(data_.origin, "there are no rows");
    data_.set_rows(rows_->count());
    return std::move(data_);
  }

 private:
  /// Reads as far as the first record, which decides how many columns there are, and the rest of
  /// its block. Returns whether there is more to read.
  bool start() {
    csv_rows first(format_);
    text_block more;
    const char* at = nullptr;
    std::vector<std::string> names;
    while (!at) {
      const bool got = blocks_.next(more);
      if (got) first.text.append(more);
      check_length(first.text);
      if (got && first.text.size() < try_again_at_) continue;
      at = skip_blank_lines(first.text.begin(), first.text.end());
      first.text.drop_before(at);
      at = first.text.size() == 0
               ? nullptr
               : format_.scanner.record(first.text.begin(), first.text.end(), names);
      if (!at && !got) {
        if (first.text.size() > 0) throw data_error(place(line_), "a quote is not closed");
        return false;
      }
      try_again_at_ = 2 * first.text.size();
    }
    const bool header = request_.options.boolean("header");
    format_.set_columns(plan_columns(names, header, request_, data_.origin));
    const csv_columns& columns = format_.columns;
    data_.shape = {columns.features};
    data_.label_width = std::max<std::size_t>(columns.labels, 1);
    for (const auto& column : columns.all) {
      if (column.use == csv_columns::role::feature) data_.columns.push_back(column.title);
    }
    rows_.emplace(data_.features, columns.features);
    if (header) {
      line_ += static_cast<std::size_t>(
          std::count(static_cast<const char*>(first.text.begin()), at, '\n'));
      first.text.drop_before(at);
    }
    first.maybe_header = !header;
    first.parse();
    const std::size_t bytes = first.text.size();
    const bool wants_more = take(first);
    if (wants_more && rows_->count() > 0) {
      rows_->expect(static_cast<double>(blocks_.source().likely_bytes()) /
                    static_cast<double>(bytes) * static_cast<double>(rows_->count()));
    }
    return wants_more;
  }

  const char* skip_blank_lines(const char* at, const char* end) {
    while (at < end) {
      const char* s = at;
      while (format_.scanner.blank(*s)) ++s;
      if (!csv_scanner::line_end(s)) break;
      at = csv_scanner::next_line(s);
      ++line_;
    }
    return at;
  }

  /// Adds the rows of the next block; false once there are rows enough.
  bool take(csv_rows& block) {
    if (open_) {
      // The block begins within a record. What was made of it means nothing.
      open_->text.append(block.text);
      check_length(open_->text);
      // Trying again only once there is twice as much keeps the work in proportion.
      if (open_->text.size() < try_again_at_) return true;
      open_->parse();
      return take_parsed(*open_);
    }
    return take_parsed(block);
  }

  bool take_parsed(csv_rows& block) {
    const std::size_t wanted = request_.rows;
    if (wanted != 0 && rows_->count() + block.rows >= wanted) {
      // Nothing behind the last row counts: no error, and no word among the labels.
      block.parse(wanted - rows_->count());
    }
    rows_->add(block.values.data(), block.rows);
    add_labels(block);
    if (wanted != 0 && rows_->count() == wanted) {
      open_.reset();
      return false;
    }
    if (block.wrong) refuse(*block.wrong);
    line_ += block.lines;
    if (block.rest == block.text.end()) {
      open_.reset();
    } else {
      block.text.drop_before(block.rest);
      if (!open_) {
        open_.emplace(format_);
        open_->text.append(block.text);
      }
      try_again_at_ = 2 * open_->text.size();
      open_->maybe_header = false;
    }
    return true;
  }

  /// The file ended within a record, or what looked like one.
  void take_rest() {
    open_->ends = true;
    open_->parse();
    if (take_parsed(*open_) && open_) throw data_error(place(line_), "a quote is not closed");
  }

  void add_labels(csv_rows& block) {
    if (block.label_words.empty() && data_.label_words.empty()) {
      data_.labels.insert(data_.labels.end(), block.labels.begin(), block.labels.end());
      return;
    }
    // As soon as one label is a word, all are.
    for (const float label : data_.labels) data_.label_words.push_back(label_name(label));
    data_.labels.clear();
    for (const float label : block.labels) data_.label_words.push_back(label_name(label));
    std::move(block.label_words.begin(), block.label_words.end(),
              std::back_inserter(data_.label_words));
  }

  void check_length(const text_block& text) const {
    if (text.size() > text_block::most_bytes) {
      throw data_error(data_.origin, "not a text file: a record is longer than 1 GiB");
    }
  }

  std::string place(std::size_t line) const { return fmt::format("{}:{}", data_.origin, line); }
  [[noreturn]] void refuse(const csv_rows::fault& what) const {
    const std::string line = place(line_ + what.line);
    throw data_error(what.column == csv_rows::fault::no_column
                         ? line
                         : line + ": " + format_.columns.all[what.column].title,
                     what.message);
  }

  const read_request& request_;
  csv_format format_;
  line_blocks blocks_;
  dataset data_;
  std::optional<float_rows> rows_;  // once the columns are known
  std::optional<csv_rows> open_;    // a record that goes on behind the last block
  std::size_t try_again_at_ = 0;    // bytes of it
  std::size_t line_ = 1;            // of what comes next
};

}  // namespace

reader_entry csv_reader() {
  reader_entry entry;
  entry.name = "csv";
  entry.summary = "a table of numbers as text, plain or gzip, with one column (or more) of labels";
  entry.options = {
      declare::text("path", "path of the file").required(),
      declare::boolean("header", "whether the first line names the columns", false),
      declare::word_list("label",
                         "the column of the label: its name, its number from 1, last, or none",
                         words{"last"}),
      declare::word_list("drop", "columns that are left out, by name or number", words{}),
      declare::word_list("missing",
                         "numbers or words that mean a missing value, as an empty "
                         "field does",
                         words{}),
      declare::text("delimiter", "the character between two fields, or tab", ",")};
  entry.read = [](const read_request& request) { return csv_file(request).read(); };
  return entry;
}

}  // namespace troupe
