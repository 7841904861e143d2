#pragma once

#include <optional>
#include <string>
#include <vector>

#include "troupe/data/readers/csv_columns.hpp"
#include "troupe/data/readers/csv_field.hpp"
#include "troupe/data/readers/number_text.hpp"
#include "troupe/data/readers/ordered_blocks.hpp"

namespace troupe {

/// How the records of a CSV file are to be read; the same for all of its blocks.
struct csv_format {
  csv_scanner scanner;
  csv_columns columns;
  /// What each column is for, as plan_columns says, without what only messages need.
  struct use {
    csv_columns::role role;
    std::size_t index;
  };
  std::vector<use> uses;
  std::vector<float> missing_numbers;
  std::vector<std::string> missing_words;

  csv_format(const settings& options, char delimiter);
  void set_columns(csv_columns found);

  bool is_missing(float value) const;
  bool is_missing(const csv_field& field) const;
};

/// The rows of a block of lines. Numbers of the common short form are read where they stand;
/// everything else (words, quotes, exponents, errors) goes through the scanner.
///
/// Whether a block starts where a record does is not known before the one ahead of it is
/// parsed: `rest` says where a record starts that the block does not end.
class csv_rows : public block_work {
 public:
  explicit csv_rows(const csv_format& format) : format_(format) {}
  void parse() override { parse(0); }
  /// \param most rows; 0: all.
  void parse(std::size_t most);

  /// What is wrong with the record after the last row.
  struct fault {
    static constexpr std::size_t no_column = ~std::size_t{0};
    std::size_t line = 0;  ///< counted from 0 in the block
    std::size_t column = no_column;
    std::string message;
  };

  std::vector<float, unset_allocator<float>> values;  ///< rows x features, and more
  std::size_t rows = 0;
  std::vector<float> labels;             ///< rows x labels, unless there are words
  std::vector<std::string> label_words;  ///< one a row, as soon as one is no number
  std::size_t lines = 0;                 ///< before `rest`
  const char* rest = nullptr;            ///< the end, or a record with an open quote
  std::optional<fault> wrong;
  /// Whether the file ends with the block: an open quote is never closed then.
  bool ends = false;
  /// Whether the first row could be names that nobody announced.
  bool maybe_header = false;

 private:
  bool blank_line(const char*& at);
  const char* read_row(const char* at);
  const char* feature(const char* at, std::size_t column, float& value);
  const char* other(const char* at, std::size_t column);
  void add_label(std::size_t index, double number);
  void take_back_labels();
  void refuse(std::size_t column, std::string message);
  void refuse_number(number_fault kind, const csv_field& field, std::size_t column);
  void refuse_shape(const char* record, const char* at);

  const csv_format& format_;
  std::string scratch_;
  bool quoted_ = false;  // whether the record at hand has quotes
};

}  // namespace troupe
