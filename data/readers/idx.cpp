#include <fmt/format.h>

#include "troupe/base/error.hpp"
#include "troupe/data/readers/array.hpp"

namespace troupe {

namespace {

/// The format of the MNIST files (LeCun, Cortes, Burges): two zero bytes, the type, the number of
/// extents, the extents as 32-bit numbers, all big-endian, then the values, row by row.
array_header idx_header(byte_source& source) {
  std::byte magic[4];
  if (source.read(magic, 4) != 4 || magic[0] != std::byte{0} || magic[1] != std::byte{0}) {
    throw data_error(source.path(), "not an IDX file (it does not start with two zero bytes)");
  }
  array_header header;
  header.big_endian = true;
  switch (static_cast<unsigned>(magic[2])) {
    case 0x08:
      header.kind = number_kind::u8;
      break;
    case 0x09:
      header.kind = number_kind::i8;
      break;
    case 0x0B:
      header.kind = number_kind::i16;
      break;
    case 0x0C:
      header.kind = number_kind::i32;
      break;
    case 0x0D:
      header.kind = number_kind::f32;
      break;
    case 0x0E:
      header.kind = number_kind::f64;
      break;
    default:
      throw data_error(source.path(), fmt::format("not an IDX file (no number type {:#04x})",
                                                  static_cast<unsigned>(magic[2])));
  }
  const auto rank = static_cast<std::size_t>(magic[3]);
  if (rank == 0) throw data_error(source.path(), "an IDX file without extents");
  for (std::size_t i = 0; i < rank; ++i) {
    std::byte extent[4];
    if (source.read(extent, 4) != 4) throw data_error(source.path(), "the header is cut short");
    std::size_t value = 0;
    for (const std::byte b : extent) value = value << 8 | static_cast<std::size_t>(b);
    header.shape.push_back(value);
  }
  return header;
}

}  // namespace

reader_entry idx_reader() {
  reader_entry entry;
  entry.name = "idx";
  entry.summary = "the binary format of MNIST, plain or gzip: features in one file, labels in one";
  entry.options = array_options();
  entry.read = [](const read_request& request) { return read_arrays(request, idx_header); };
  return entry;
}

}  // namespace troupe
