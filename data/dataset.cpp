#include "troupe/data/dataset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace troupe {

std::size_t dataset::row_volume() const noexcept {
  std::size_t volume = 1;
  for (const std::size_t extent : shape) volume *= extent;
  return volume;
}

void gather(const dataset& data, span<const std::uint64_t> rows, std::byte* features,
            float* labels) {
  const std::size_t bytes = data.row_bytes();
  const std::byte* from = data.features.data();
  for (const std::uint64_t row : rows) {
    std::memcpy(features, from + row * bytes, bytes);
    features += bytes;
  }
  if (data.labels.empty()) return;
  const std::size_t width = data.label_width;
  for (const std::uint64_t row : rows) {
    labels = std::copy_n(data.labels.data() + row * width, width, labels);
  }
}

std::string shape_text(const std::vector<std::size_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

std::optional<std::uint64_t> volume_of(const std::vector<std::size_t>& shape, std::uint64_t most) {
  // A zero anywhere makes the product zero, however large the others are.
  if (std::find(shape.begin(), shape.end(), 0u) != shape.end()) return 0;
  std::uint64_t volume = 1;
  for (const std::size_t extent : shape) {
    if (extent > most / volume) return std::nullopt;
    volume *= extent;
  }
  return volume;
}

std::string feature_name(const dataset& data, std::size_t index) {
  if (index < data.columns.size()) return data.columns[index];
  return fmt::format("value {} of the row", index + 1);
}

}  // namespace troupe
