#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "troupe/base/error.hpp"
#include "troupe/data/labels.hpp"
#include "troupe/data/readers/csv_columns.hpp"
#include "troupe/data/readers/csv_field.hpp"
#include "troupe/data/readers/float_rows.hpp"
#include "troupe/data/readers/line_blocks.hpp"
#include "troupe/data/readers/number_text.hpp"

namespace troupe {

namespace {

constexpr float missing_value = std::numeric_limits<float>::quiet_NaN();

char delimiter_of(const settings& options) {
  const std::string& given = options.text("delimiter");
  if (given == "tab") return '\t';
  if (given.size() != 1 || given.find_first_of("\"\n\r+-.0123456789") != std::string::npos) {
    throw job_error("", "'delimiter' must be one character or tab, not '" + given + "'");
  }
  return given.front();
}

/// One pass over a file. Numbers of the common short form are read where they stand; everything
/// else (words, quotes, exponents, errors) goes through the scanner.
class csv_file {
 public:
  explicit csv_file(const read_request& request)
      : request_(request),
        scanner_(delimiter_of(request.options)),
        blocks_(resolve_path(request.directory, request.options.text("path"))) {
    for (const std::string& word : request.options.word_list("missing")) {
      double number = 0;
      if (parse_number(word.data(), word.data() + word.size(), number) == number_fault::none) {
        missing_numbers_.push_back(static_cast<float>(number));
      }
      missing_words_.push_back(word);
    }
  }

  dataset read() {
    data_.origin = blocks_.path();
    bool more = true;
    while (more && blocks_.next()) more = read_block();
    if (!rows_ || rows_->count() == 0) throw data_error(data_.origin, "there are no rows");
    rows_->finish();
    data_.set_rows(rows_->count());
    return std::move(data_);
  }

 private:
  /// False once there are rows enough.
  bool read_block() {
    const char* at = blocks_.begin();
    const char* end = blocks_.end();
    while (at < end) {
      if (blank_line(at)) continue;
      const char* next = rows_ ? read_row(at, end) : start(at, end);
      if (!next) {
        if (blocks_.last()) throw data_error(place(), "a quote is not closed");
        blocks_.keep(at);
        return true;
      }
      if (rows_ && request_.rows != 0 && rows_->count() == request_.rows) return false;
      // Newlines inside of quotes are lines of the file, too.
      line_ += quoted_ ? static_cast<std::size_t>(std::count(at, next, '\n')) : 1;
      at = next;
    }
    return true;
  }

  bool blank_line(const char*& at) {
    const char* s = at;
    while (scanner_.blank(*s)) ++s;
    if (!csv_scanner::line_end(s)) return false;
    at = csv_scanner::next_line(s);
    ++line_;
    return true;
  }

  /// The first record: it decides how many columns there are. Returns where to read on.
  const char* start(const char* at, const char* end) {
    std::vector<std::string> names;
    const char* next = scanner_.record(at, end, names);
    if (!next) return nullptr;
    quoted_ = true;
    const bool header = request_.options.boolean("header");
    const std::size_t record_bytes = static_cast<std::size_t>(next - at);
    plan_ = plan_columns(names, header, request_, data_.origin);
    data_.shape = {plan_.features};
    data_.label_width = std::max<std::size_t>(plan_.labels, 1);
    for (const auto& column : plan_.all) {
      if (column.use == csv_columns::role::feature) data_.columns.push_back(column.title);
    }
    rows_.emplace(data_.features, plan_.features);
    if (!header && !blocks_.compressed()) {
      rows_->expect(static_cast<double>(blocks_.most_bytes()) / static_cast<double>(record_bytes));
    }
    if (header) return next;
    return read_row(at, end);
  }

  const char* read_row(const char* at, const char* end) {
    quoted_ = false;
    float* row = rows_->next();
    const char* record = at;
    const std::size_t columns = plan_.all.size();
    for (std::size_t c = 0; c < columns; ++c) {
      const csv_columns::column& column = plan_.all[c];
      if (column.use == csv_columns::role::feature) {
        at = feature(at, end, c, row[column.index]);
      } else {
        at = other(at, end, c);
      }
      if (!at) {
        take_back_labels();
        return nullptr;
      }
      const bool last = c + 1 == columns;
      if (!last && *at == scanner_.delimiter()) {
        ++at;
      } else if (!last || !csv_scanner::line_end(at)) {
        refuse_shape(record, end, at);
      }
    }
    rows_->added();
    return csv_scanner::next_line(at);
  }

  const char* feature(const char* at, const char* end, std::size_t column, float& value) {
    double number;
    const char* next = at;
    if (short_number(next, number) && (*next == scanner_.delimiter() || *next == '\n') &&
        std::abs(number) <= 1e38) {
      value = static_cast<float>(number);
      if (!missing_numbers_.empty() && is_missing(value)) value = missing_value;
      return next;
    }
    const csv_field field = scanner_.field(at, end, scratch_);
    if (!field.next) return nullptr;
    quoted_ = quoted_ || field.quoted;
    if (field.first == field.last || is_missing(field)) {
      value = missing_value;
      return field.next;
    }
    const number_fault fault = parse_number(field.first, field.last, number);
    if (fault != number_fault::none) refuse_number(fault, field, column);
    value = static_cast<float>(number);
    if (is_missing(value)) value = missing_value;
    return field.next;
  }

  /// A label, or a column that is dropped.
  const char* other(const char* at, const char* end, std::size_t column) {
    const csv_field field = scanner_.field(at, end, scratch_);
    if (!field.next) return nullptr;
    quoted_ = quoted_ || field.quoted;
    if (plan_.all[column].use == csv_columns::role::dropped) return field.next;
    if (field.first == field.last) throw data_error(place(column), "there is no label");
    double number = 0;
    const number_fault fault = parse_number(field.first, field.last, number);
    if (fault == number_fault::none && data_.label_words.empty()) {
      data_.labels.resize((rows_->count() + 1) * plan_.labels);
      data_.labels[rows_->count() * plan_.labels + plan_.all[column].index] =
          static_cast<float>(number);
    } else if (fault == number_fault::none) {
      data_.label_words.push_back(label_name(static_cast<float>(number)));
    } else if (fault == number_fault::no_number && plan_.labels == 1) {
      for (const float label : data_.labels) data_.label_words.push_back(label_name(label));
      data_.labels.clear();
      data_.label_words.push_back(field.text());
    } else {
      refuse_number(fault, field, column);
    }
    return field.next;
  }

  /// A row that goes on behind the block is read again from its start.
  void take_back_labels() {
    const std::size_t whole = rows_->count();
    if (data_.label_words.size() > whole) data_.label_words.resize(whole);
    data_.labels.resize(std::min(data_.labels.size(), whole * plan_.labels));
  }

  bool is_missing(float value) const {
    return std::find(missing_numbers_.begin(), missing_numbers_.end(), value) !=
           missing_numbers_.end();
  }
  bool is_missing(const csv_field& field) const {
    const auto length = static_cast<std::size_t>(field.last - field.first);
    return std::any_of(missing_words_.begin(), missing_words_.end(), [&](const std::string& word) {
      return word.size() == length && std::equal(word.begin(), word.end(), field.first);
    });
  }

  std::string place() const { return fmt::format("{}:{}", data_.origin, line_); }
  std::string place(std::size_t column) const { return place() + ": " + plan_.all[column].title; }
  [[noreturn]] void refuse_number(number_fault fault, const csv_field& field, std::size_t column) {
    const bool maybe_header = rows_->count() == 0 && !request_.options.boolean("header");
    throw data_error(place(column),
                     describe(fault, field.first, field.last) +
                         (maybe_header ? " (a header? `header: true` says so)" : ""));
  }
  [[noreturn]] void refuse_shape(const char* record, const char* end, const char* at) {
    std::vector<std::string> fields;
    scanner_.record(record, end, fields);
    if (fields.size() == plan_.all.size()) {
      throw data_error(place(),
                       fmt::format("text follows the closing quote: {}",
                                   describe(number_fault::none, at, std::find(at, end, '\n'))));
    }
    throw data_error(place(),
                     fmt::format("{} columns instead of {}", fields.size(), plan_.all.size()));
  }

  const read_request& request_;
  csv_scanner scanner_;
  line_blocks blocks_;
  csv_columns plan_;
  dataset data_;
  std::optional<float_rows> rows_;  // once the columns are known
  std::vector<float> missing_numbers_;
  std::vector<std::string> missing_words_;
  std::string scratch_;
  std::size_t line_ = 1;
  bool quoted_ = false;  // whether the record at hand has quotes
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
