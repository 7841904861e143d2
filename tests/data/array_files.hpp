#pragma once

#include <cstring>
#include <string>
#include <vector>

namespace troupe::testing {

/// The bytes of an IDX file of one type.
inline std::string idx_bytes(int type, const std::vector<std::size_t>& shape,
                             const std::string& values) {
  std::string out{'\0', '\0', static_cast<char>(type), static_cast<char>(shape.size())};
  for (const std::size_t extent : shape) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(extent >> shift & 0xff);
  }
  return out + values;
}

/// The bytes of an NPY file, version 1, with this header.
inline std::string npy_bytes(const std::string& header, const std::string& values) {
  std::string out = "\x93NUMPY";
  out += {'\x01', '\x00', static_cast<char>(header.size() & 0xff),
          static_cast<char>(header.size() >> 8)};
  return out + header + values;
}

inline std::string npy_bytes(const std::string& descr, const std::string& shape,
                             const std::string& values) {
  return npy_bytes("{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }\n",
                   values);
}

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

}  // namespace troupe::testing
