#include "troupe/data/readers/csv_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "troupe/data/labels.hpp"

namespace troupe {

namespace {

constexpr float missing_value = std::numeric_limits<float>::quiet_NaN();

/// A field that is nothing but a short number; null where it is anything else.
inline const char* short_field(const char* at, char delimiter, double& number) {
  const unsigned digit = static_cast<unsigned char>(*at) - unsigned{'0'};
  if (digit < 10 && (at[1] == delimiter || at[1] == '\n')) {
    number = digit;
    return at + 1;
  }
  return short_number(at, number) && (*at == delimiter || *at == '\n') ? at : nullptr;
}

}  // namespace

csv_format::csv_format(const settings& options, char delimiter) : scanner(delimiter) {
  for (const std::string& word : options.word_list("missing")) {
    double number = 0;
    if (parse_number(word.data(), word.data() + word.size(), number) == number_fault::none) {
      missing_numbers.push_back(static_cast<float>(number));
    }
    missing_words.push_back(word);
  }
}

void csv_format::set_columns(csv_columns found) {
  columns = std::move(found);
  for (const csv_columns::column& column : columns.all) uses.push_back({column.use, column.index});
}

bool csv_format::is_missing(float value) const {
  return std::find(missing_numbers.begin(), missing_numbers.end(), value) != missing_numbers.end();
}

bool csv_format::is_missing(const csv_field& field) const {
  const auto length = static_cast<std::size_t>(field.last - field.first);
  return std::any_of(missing_words.begin(), missing_words.end(), [&](const std::string& word) {
    return word.size() == length && std::equal(word.begin(), word.end(), field.first);
  });
}

void csv_rows::parse(std::size_t most) {
  rows = lines = 0;
  labels.clear();
  label_words.clear();
  wrong.reset();
  // A number takes a byte and what ends it another, but for what is missing.
  values.resize(std::max(values.size(), text.size() + format_.uses.size()));
  const char* at = text.begin();
  while (at < text.end() && (most == 0 || rows < most)) {
    if (blank_line(at)) continue;
    const char* next = read_row(at);
    if (!next) break;
    // Newlines inside of quotes are lines of the file, too.
    lines += quoted_ ? static_cast<std::size_t>(std::count(at, next, '\n')) : 1;
    at = next;
  }
  rest = at;
}

bool csv_rows::blank_line(const char*& at) {
  const char* s = at;
  while (format_.scanner.blank(*s)) ++s;
  if (!csv_scanner::line_end(s)) return false;
  at = csv_scanner::next_line(s);
  ++lines;
  return true;
}

/// Returns where the next record starts; null where the block ends within this one, or it is wrong.
const char* csv_rows::read_row(const char* at) {
  quoted_ = false;
  float* row = values.data() + rows * format_.columns.features;
  const char* record = at;
  const char delimiter = format_.scanner.delimiter();
  const csv_format::use* last = &format_.uses.back();
  for (const csv_format::use* use = format_.uses.data();; ++use) {
    const auto column = static_cast<std::size_t>(use - format_.uses.data());
    if (use->role == csv_columns::role::feature) {
      at = feature(at, column, row[use->index]);
    } else {
      at = other(at, column);
    }
    if (!at) break;
    if (use == last ? !csv_scanner::line_end(at) : *at != delimiter) {
      refuse_shape(record, at);
      break;
    }
    if (use == last) {
      ++rows;
      return csv_scanner::next_line(at);
    }
    ++at;
  }
  take_back_labels();
  return nullptr;
}

inline const char* csv_rows::feature(const char* at, std::size_t column, float& value) {
  double short_one;
  if (const char* next = short_field(at, format_.scanner.delimiter(), short_one)) {
    value = static_cast<float>(short_one);
    if (!format_.missing_numbers.empty() && format_.is_missing(value)) value = missing_value;
    return next;
  }
  const csv_field field = format_.scanner.field(at, text.end(), scratch_);
  if (!field.next) return nullptr;
  quoted_ = quoted_ || field.quoted;
  if (field.first == field.last || format_.is_missing(field)) {
    value = missing_value;
    return field.next;
  }
  double number = 0;
  const number_fault kind = parse_number(field.first, field.last, number);
  if (kind != number_fault::none) {
    refuse_number(kind, field, column);
    return nullptr;
  }
  value = static_cast<float>(number);
  if (format_.is_missing(value)) value = missing_value;
  return field.next;
}

/// A label, or a column that is dropped.
const char* csv_rows::other(const char* at, std::size_t column) {
  const csv_format::use& use = format_.uses[column];
  if (use.role == csv_columns::role::label && label_words.empty()) {
    double short_one;
    if (const char* next = short_field(at, format_.scanner.delimiter(), short_one)) {
      add_label(use.index, short_one);
      return next;
    }
  }
  const csv_field field = format_.scanner.field(at, text.end(), scratch_);
  if (!field.next) return nullptr;
  quoted_ = quoted_ || field.quoted;
  if (use.role == csv_columns::role::dropped) return field.next;
  if (field.first == field.last) {
    refuse(column, "there is no label");
    return nullptr;
  }
  double number = 0;
  const number_fault kind = parse_number(field.first, field.last, number);
  if (kind == number_fault::none && label_words.empty()) {
    add_label(use.index, number);
  } else if (kind == number_fault::none) {
    label_words.push_back(label_name(static_cast<float>(number)));
  } else if (kind == number_fault::no_number && format_.columns.labels == 1) {
    for (const float label : labels) label_words.push_back(label_name(label));
    labels.clear();
    label_words.push_back(field.text());
  } else {
    refuse_number(kind, field, column);
    return nullptr;
  }
  return field.next;
}

void csv_rows::add_label(std::size_t index, double number) {
  labels.resize((rows + 1) * format_.columns.labels);
  labels[rows * format_.columns.labels + index] = static_cast<float>(number);
}

/// Those of a row that is not whole.
void csv_rows::take_back_labels() {
  if (label_words.size() > rows) label_words.resize(rows);
  labels.resize(std::min(labels.size(), rows * format_.columns.labels));
}

void csv_rows::refuse(std::size_t column, std::string message) {
  wrong = fault{lines, column, std::move(message)};
}

void csv_rows::refuse_number(number_fault kind, const csv_field& field, std::size_t column) {
  refuse(column, describe(kind, field.first, field.last) +
                     (maybe_header && rows == 0 ? " (a header? `header: true` says so)" : ""));
}

void csv_rows::refuse_shape(const char* record, const char* at) {
  // An open quote may swallow the rest of the file: what is said depends on so much of it.
  constexpr std::ptrdiff_t most = 1 << 16;
  const char* end = text.end() - record > most ? record + most : text.end();
  std::vector<std::string> fields;
  if (!format_.scanner.record(record, end, fields) && end == text.end() && !ends) return;
  const std::size_t columns = format_.uses.size();
  if (fields.size() == columns) {
    refuse(fault::no_column,
           fmt::format("text follows the closing quote: {}",
                       describe(number_fault::none, at, std::find(at, text.end(), '\n'))));
  } else {
    refuse(fault::no_column, fmt::format("{} columns instead of {}", fields.size(), columns));
  }
}

}  // namespace troupe
