#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "troupe/data/dataset.hpp"
#include "troupe/data/prepare.hpp"
#include "troupe/data/readers/byte_source.hpp"

namespace troupe {

/// Numbers as binary files store them.
enum class number_kind { u8, i8, u16, i16, u32, i32, u64, i64, f32, f64 };
std::size_t size_of(number_kind kind) noexcept;

/// What the header of an array file says. shape[0] counts rows; at least one extent.
struct array_header {
  number_kind kind = number_kind::u8;
  bool big_endian = false;
  std::vector<std::size_t> shape;
};

/// The labels and features of formats that keep one array a file (IDX, NPY): features in one
/// file, labels, if any, in another. u8 features stay u8, all else becomes f32; not-a-number
/// means missing, infinity is an error.
/// \throws error (data) where the sizes of header, file and the two files do not match.
dataset read_arrays(const read_request& request, array_header (*read_header)(byte_source&));

/// Options `features` and `labels` of such formats.
std::vector<setting> array_options();

}  // namespace troupe
