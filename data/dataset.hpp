#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "troupe/base/span.hpp"
#include "troupe/data/feature_bytes.hpp"

namespace troupe {

/// How one feature is stored, in memory and on the wire.
enum class element_type : std::uint8_t { u8 = 0, f32 = 1 };

constexpr std::size_t size_of(element_type type) noexcept {
  return type == element_type::u8 ? 1 : 4;
}

/// Rows of features in the type of their source, and one raw label a row. Immutable once made;
/// shared between actors of one process by shared_ptr<const dataset>.
class dataset {
 public:
  std::vector<std::size_t> shape;  ///< of one row: {28, 28}, {30}
  element_type type = element_type::f32;
  feature_bytes features;  ///< rows x volume(shape) x size_of(type), row-major
  /// Labels as numbers, rows x label_width; empty where the source has none. After `prepare`
  /// they are what the loss wants.
  std::vector<float> labels;
  std::size_t label_width = 1;
  /// Labels as words (CSV text), one a row; then `labels` is empty until `prepare`.
  std::vector<std::string> label_words;
  std::string origin;  ///< the file, for messages
  /// How to call each feature in messages where the source has names for them: "column 2 (age)".
  std::vector<std::string> columns;

  std::size_t rows() const noexcept { return rows_; }
  void set_rows(std::size_t rows) noexcept { rows_ = rows; }
  std::size_t row_volume() const noexcept;
  std::size_t row_bytes() const noexcept { return row_volume() * size_of(type); }
  const std::byte* row(std::size_t index) const noexcept {
    return features.data() + index * row_bytes();
  }

 private:
  std::size_t rows_ = 0;
};

/// Copies rows, in this order: features (rows.size() x row_bytes) and, where the data has labels,
/// labels (rows.size() x label_width). Each row number must be below data.rows().
void gather(const dataset& data, span<const std::uint64_t> rows, std::byte* features,
            float* labels);

/// The shape as a user writes it: [28, 28, 1].
std::string shape_text(const std::vector<std::size_t>& shape);

/// Product of the extents; nothing where it would pass `most` (headers of files may lie).
std::optional<std::uint64_t> volume_of(const std::vector<std::size_t>& shape, std::uint64_t most);

/// How messages call feature `index` of a row: the source's name, or "value 3 of the row".
std::string feature_name(const dataset& data, std::size_t index);

}  // namespace troupe
