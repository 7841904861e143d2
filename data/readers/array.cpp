#include "troupe/data/readers/array.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "troupe/base/error.hpp"

namespace troupe {

namespace {

template <class T>
T from_bytes(const std::byte* at, bool swap) {
  std::byte bytes[sizeof(T)];
  std::memcpy(bytes, at, sizeof(T));
  if (swap) std::reverse(bytes, bytes + sizeof(T));
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

template <class T>
void convert(const std::byte* from, std::size_t count, bool swap, float* to) {
  for (std::size_t i = 0; i < count; ++i) {
    const T value = from_bytes<T>(from + i * sizeof(T), swap);
    if constexpr (std::is_same_v<T, double>) {
      // Out of float's range, the conversion would be undefined.
      constexpr double most = std::numeric_limits<float>::max();
      to[i] = std::isnan(value)         ? std::numeric_limits<float>::quiet_NaN()
              : std::abs(value) <= most ? static_cast<float>(value)
                                        : std::numeric_limits<float>::infinity();
    } else {
      to[i] = static_cast<float>(value);
    }
  }
}

void to_floats(number_kind kind, const std::byte* from, std::size_t count, bool swap, float* to) {
  switch (kind) {
    case number_kind::u8:
      return convert<std::uint8_t>(from, count, swap, to);
    case number_kind::i8:
      return convert<std::int8_t>(from, count, swap, to);
    case number_kind::u16:
      return convert<std::uint16_t>(from, count, swap, to);
    case number_kind::i16:
      return convert<std::int16_t>(from, count, swap, to);
    case number_kind::u32:
      return convert<std::uint32_t>(from, count, swap, to);
    case number_kind::i32:
      return convert<std::int32_t>(from, count, swap, to);
    case number_kind::u64:
      return convert<std::uint64_t>(from, count, swap, to);
    case number_kind::i64:
      return convert<std::int64_t>(from, count, swap, to);
    case number_kind::f32:
      return convert<float>(from, count, swap, to);
    case number_kind::f64:
      return convert<double>(from, count, swap, to);
  }
}

/// Without a way out, so that it takes many at once.
bool any_infinite(const float* values, std::size_t count) {
  unsigned found = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t bits;
    std::memcpy(&bits, values + i, sizeof bits);
    found |= (bits & 0x7fffffffu) == 0x7f800000u;
  }
  return found != 0;
}

/// Reads and checks the header, and how many of its rows are wanted.
struct array_file {
  byte_source source;
  array_header header;
  std::size_t rows = 0;    ///< in the file
  std::size_t volume = 1;  ///< numbers a row

  array_file(const std::string& path, array_header (*read_header)(byte_source&))
      : source(path), header(read_header(source)) {
    rows = header.shape.front();
    const auto count = volume_of(header.shape, source.most_bytes() / size_of(header.kind));
    if (!count) {
      throw data_error(path, fmt::format("the header says {}, but the file is too short for that",
                                         shape_text(header.shape)));
    }
    if (*count == 0) throw data_error(path, "there are no rows in " + shape_text(header.shape));
    volume = static_cast<std::size_t>(*count / rows);
  }

  /// The next `count` numbers into `to`.
  void read(std::byte* to, std::size_t count) {
    const std::size_t bytes = count * size_of(header.kind);
    if (source.read(to, bytes) != bytes) {
      throw data_error(source.path(), fmt::format("the header says {}, but the file ends before",
                                                  shape_text(header.shape)));
    }
  }
  void expect_end() {
    std::byte extra;
    if (source.read(&extra, 1) != 0) {
      throw data_error(source.path(), fmt::format("bytes follow the {} numbers of the header",
                                                  shape_text(header.shape)));
    }
  }
  /// The next rows as floats; not-a-number passes, infinity does not.
  void read_floats(float* to, std::size_t count) {
    constexpr std::size_t block = 1 << 16;
    // Floats of this machine need no other place.
    const bool as_they_are = header.kind == number_kind::f32 && !header.big_endian;
    feature_bytes buffer(as_they_are ? 0 : std::min(block, count * volume) * size_of(header.kind));
    for (std::size_t first = 0; first < count * volume; first += block) {
      const std::size_t piece = std::min(block, count * volume - first);
      if (as_they_are) {
        read(reinterpret_cast<std::byte*>(to + first), piece);
      } else {
        read(buffer.data(), piece);
        to_floats(header.kind, buffer.data(), piece, header.big_endian, to + first);
      }
      if (any_infinite(to + first, piece)) refuse_infinite(to, first, first + piece);
    }
  }
  [[noreturn]] void refuse_infinite(const float* values, std::size_t first, std::size_t last) {
    const float* found =
        std::find_if(values + first, values + last, [](float v) { return std::isinf(v); });
    const auto at = static_cast<std::size_t>(found - values);
    throw data_error(
        fmt::format("{}: row {}", source.path(), at / volume + 1),
        fmt::format("value {} is infinite, or too large for a 32-bit float", at % volume + 1));
  }
};

void read_features(array_file& file, std::size_t rows, dataset& data) {
  const auto& shape = file.header.shape;
  data.shape.assign(shape.begin() + 1, shape.end());
  if (data.shape.empty()) data.shape = {1};
  data.type = file.header.kind == number_kind::u8 ? element_type::u8 : element_type::f32;
  data.set_rows(rows);
  data.features.resize(rows * data.row_bytes());
  if (data.type == element_type::u8) {
    file.read(data.features.data(), rows * file.volume);
  } else {
    file.read_floats(reinterpret_cast<float*>(data.features.data()), rows);
  }
  if (rows == file.rows) file.expect_end();
}

void read_labels(array_file& file, std::size_t rows, dataset& data) {
  if (file.header.shape.size() > 2) {
    throw data_error(file.source.path(), fmt::format("labels have the shape {}; one or two "
                                                     "extents are labels",
                                                     shape_text(file.header.shape)));
  }
  data.label_width = file.volume;
  data.labels.resize(rows * file.volume);
  file.read_floats(data.labels.data(), rows);
  for (std::size_t i = 0; i < data.labels.size(); ++i) {
    if (std::isnan(data.labels[i])) {
      throw data_error(fmt::format("{}: row {}", file.source.path(), i / file.volume + 1),
                       "the label is not a number");
    }
  }
  if (rows == file.rows) file.expect_end();
}

}  // namespace

std::size_t size_of(number_kind kind) noexcept {
  switch (kind) {
    case number_kind::u8:
    case number_kind::i8:
      return 1;
    case number_kind::u16:
    case number_kind::i16:
      return 2;
    case number_kind::u32:
    case number_kind::i32:
    case number_kind::f32:
      return 4;
    case number_kind::u64:
    case number_kind::i64:
    case number_kind::f64:
      return 8;
  }
  return 1;
}

dataset read_arrays(const read_request& request, array_header (*read_header)(byte_source&)) {
  const std::string path = resolve_path(request.directory, request.options.text("features"));
  dataset data;
  data.origin = path;
  array_file features(path, read_header);
  const std::size_t rows =
      request.rows == 0 ? features.rows : std::min(request.rows, features.rows);
  read_features(features, rows, data);
  if (!request.options.has("labels")) return data;
  array_file labels(resolve_path(request.directory, request.options.text("labels")), read_header);
  if (labels.rows != features.rows) {
    throw data_error(labels.source.path(), fmt::format("{} labels for the {} rows of {}",
                                                       labels.rows, features.rows, path));
  }
  read_labels(labels, rows, data);
  return data;
}

std::vector<setting> array_options() {
  return {declare::text("features", "path of the file with the features").required(),
          declare::text("labels", "path of the file with the labels; `predict` needs none")};
}

}  // namespace troupe
