#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "troupe/base/error.hpp"
#include "troupe/base/settings.hpp"
#include "troupe/base/span.hpp"

namespace troupe {

/// The bytes of a section, little-endian, put together value by value.
class section_writer {
 public:
  void put(std::uint64_t value) { append(&value, sizeof value); }
  void put(double value) { append(&value, sizeof value); }
  void put(const std::string& text);
  void put(const setting_value& value);

  span<const std::byte> bytes() const { return {bytes_.data(), bytes_.size()}; }

 private:
  void put_held(bool held) { put(std::uint64_t{held}); }
  void put_held(std::int64_t held) { put(static_cast<std::uint64_t>(held)); }
  void put_held(double held) { put(held); }
  void put_held(const std::string& held) { put(held); }
  template <class T>
  void put_held(const std::vector<T>& held) {
    put(std::uint64_t{held.size()});
    for (const T& one : held) put_held(one);
  }
  void append(const void* from, std::size_t count) {
    const auto* first = static_cast<const std::byte*>(from);
    bytes_.insert(bytes_.end(), first, first + count);
  }
  std::vector<std::byte> bytes_;
};

/// Takes apart what a section_writer put together; any other bytes end in error (data).
class section_reader {
 public:
  section_reader(span<const std::byte> bytes, std::string name)
      : at_(bytes.data()), left_(bytes.size()), name_(std::move(name)) {}

  std::uint64_t number();
  double real();
  std::string text();
  setting_value value();
  /// A count of things that take at least `bytes_each` bytes: not more than can follow.
  std::size_t count(std::size_t bytes_each);
  void expect_end() const;
  [[noreturn]] void fail(const std::string& reason) const {
    throw data_error("section '" + name_ + "'", reason);
  }

 private:
  void take(void* to, std::size_t count);
  const std::byte* at_;
  std::size_t left_;
  std::string name_;
};

}  // namespace troupe
