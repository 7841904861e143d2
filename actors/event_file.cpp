#include "troupe/actors/event_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "troupe/base/error.hpp"

namespace troupe {

namespace {

constexpr int most_tries = 1000;

// Fields of the messages, as tensorflow's event.proto and summary.proto number them.
constexpr unsigned event_wall_time = 1, event_step = 2, event_file_version = 3, event_summary = 5,
                   event_session_log = 7;
constexpr unsigned summary_value = 1, value_tag = 1, value_simple_value = 2;
constexpr unsigned session_log_status = 1, session_start = 1;

enum wire_type : unsigned { varint = 0, eight_bytes = 1, with_length = 2, four_bytes = 5 };

std::array<std::uint32_t, 256> crc_table() {
  constexpr std::uint32_t castagnoli = 0x82F63B78;  // the polynomial, bits reversed
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1u) != 0 ? castagnoli : 0u);
    table[i] = crc;
  }
  return table;
}

/// CRC-32C, turned and shifted: so that the checksum of data that holds checksums is a good one.
std::uint32_t masked_crc(const std::string& bytes) {
  static const std::array<std::uint32_t, 256> table = crc_table();
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const char c : bytes) {
    crc = (crc >> 8) ^ table[(crc ^ static_cast<unsigned char>(c)) & 0xFFu];
  }
  crc = ~crc;
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8u;
}

template <class Number>
std::string little_endian(Number value) {
  std::string out;
  for (std::size_t i = 0; i < sizeof value; ++i) {
    out += static_cast<char>((value >> (8 * i)) & 0xFFu);
  }
  return out;
}

std::string as_varint(std::uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7Fu) | 0x80u);
  return out + static_cast<char>(value);
}

std::string key(unsigned field, wire_type type) {
  return as_varint(field << 3 | type);
}

std::string number(unsigned field, std::uint64_t value) {
  return key(field, varint) + as_varint(value);
}

std::string bytes(unsigned field, const std::string& value) {
  return key(field, with_length) + as_varint(value.size()) + value;
}

std::string real(unsigned field, double value) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return key(field, eight_bytes) + little_endian(bits);
}

std::string real(unsigned field, float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return key(field, four_bytes) + little_endian(bits);
}

std::string event(double wall_time, std::int64_t step, const std::string& what) {
  return real(event_wall_time, wall_time) + number(event_step, static_cast<std::uint64_t>(step)) +
         what;
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "host";
  std::string out = name.data();
  for (char& c : out) {
    if (c == '/') c = '_';
  }
  return out;
}

}  // namespace

event_file::event_file(const std::string& folder) {
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  const std::string base =
      fmt::format("{}/events.out.tfevents.{:010.0f}.{}.{}", folder, now, host_name(), ::getpid());
  // A run that goes on in the same second gets a file of its own.
  for (int i = 0; !file_ && i < most_tries; ++i) {
    path_ = i == 0 ? base : fmt::format("{}.{}", base, i);
    file_.reset(std::fopen(path_.c_str(), "wxe"));
    if (!file_ && errno != EEXIST) break;
  }
  if (!file_) throw run_error(path_, std::string("cannot open: ") + std::strerror(errno));
  write(real(event_wall_time, now) + bytes(event_file_version, "brain.Event:2"));
}

void event_file::add(double wall_time, std::int64_t step, const scalars& values) {
  std::string summary;
  for (const auto& [tag, value] : values) {
    summary += bytes(summary_value,
                     bytes(value_tag, tag) + real(value_simple_value, static_cast<float>(value)));
  }
  if (!summary.empty()) write(event(wall_time, step, bytes(event_summary, summary)));
}

void event_file::restart(double wall_time, std::int64_t step) {
  write(
      event(wall_time, step, bytes(event_session_log, number(session_log_status, session_start))));
}

void event_file::write(const std::string& event) {
  const std::string length = little_endian(static_cast<std::uint64_t>(event.size()));
  const std::string record =
      length + little_endian(masked_crc(length)) + event + little_endian(masked_crc(event));
  if (std::fwrite(record.data(), 1, record.size(), file_.get()) != record.size() ||
      std::fflush(file_.get()) != 0) {
    throw run_error(path_, std::string("cannot write: ") + std::strerror(errno));
  }
}

}  // namespace troupe
