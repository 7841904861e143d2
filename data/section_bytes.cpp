#include "troupe/data/section_bytes.hpp"

namespace troupe {

void section_writer::put(const std::string& text) {
  put(std::uint64_t{text.size()});
  append(text.data(), text.size());
}

void section_writer::put(const setting_value& value) {
  put(std::uint64_t{value.index()});
  std::visit([this](const auto& held) { put_held(held); }, value);
}

void section_reader::take(void* to, std::size_t count) {
  if (count > left_) fail("it is cut short");
  std::memcpy(to, at_, count);
  at_ += count;
  left_ -= count;
}

std::uint64_t section_reader::number() {
  std::uint64_t value = 0;
  take(&value, sizeof value);
  return value;
}

double section_reader::real() {
  double value = 0;
  take(&value, sizeof value);
  return value;
}

std::size_t section_reader::count(std::size_t bytes_each) {
  const std::uint64_t value = number();
  if (value > left_ / bytes_each) fail("it is cut short");
  return static_cast<std::size_t>(value);
}

std::string section_reader::text() {
  std::string out(count(1), ' ');
  take(&out[0], out.size());
  return out;
}

setting_value section_reader::value() {
  auto list = [&](auto element) {
    std::vector<decltype(element())> out(count(sizeof(std::uint64_t)));
    for (auto& one : out) one = element();
    return out;
  };
  switch (number()) {
    case 0:
      return number() != 0;
    case 1:
      return static_cast<std::int64_t>(number());
    case 2:
      return real();
    case 3:
      return text();
    case 4:
      return list([&] { return static_cast<std::int64_t>(number()); });
    case 5:
      return list([&] { return real(); });
    case 6:
      return list([&] { return text(); });
    default:
      fail("an option has no known type");
  }
}

void section_reader::expect_end() const {
  if (left_ != 0) fail("bytes follow its end");
}

}  // namespace troupe
