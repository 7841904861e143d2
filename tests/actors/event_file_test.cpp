// Event files for TensorBoard, read back by a reader of our own.

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "troupe/actors/tensorboard_log.hpp"
#include "troupe/base/error.hpp"

using namespace troupe;

namespace {

/// A folder of a test's own, gone with it.
class folder {
 public:
  folder() {
    std::string name = (std::filesystem::temp_directory_path() / "troupe-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("mkdtemp failed");
    path_ = name;
  }
  ~folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// CRC-32C bit by bit, as its definition has it.
std::uint32_t crc_of(const std::string& bytes) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1u) ? (crc >> 1) ^ 0x82F63B78u : crc >> 1;
  }
  return ~crc;
}

std::uint32_t masked(std::uint32_t crc) {
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8u;
}

template <class Number>
Number number_at(const std::string& bytes, std::size_t at) {
  Number out{};
  BOOST_REQUIRE(at + sizeof out <= bytes.size());
  std::memcpy(&out, bytes.data() + at, sizeof out);
  return out;
}

/// One field of a message.
struct field {
  std::uint64_t number = 0, value = 0;
  std::string bytes;  ///< of a field with a length, of four or of eight bytes
};

std::uint64_t varint_at(const std::string& bytes, std::size_t& at) {
  std::uint64_t out = 0;
  for (int shift = 0;; shift += 7) {
    BOOST_REQUIRE(at < bytes.size());
    BOOST_REQUIRE(shift < 64);
    const auto byte = static_cast<unsigned char>(bytes[at++]);
    out |= static_cast<std::uint64_t>(byte & 0x7Fu) << shift;
    if (byte < 0x80) return out;
  }
}

std::vector<field> fields_of(const std::string& message) {
  std::vector<field> out;
  for (std::size_t at = 0; at < message.size();) {
    const std::uint64_t key = varint_at(message, at);
    field f{key >> 3, 0, ""};
    std::size_t size = 0;
    switch (key & 7u) {
      case 0:
        f.value = varint_at(message, at);
        break;
      case 1:
        size = 8;
        break;
      case 2:
        size = varint_at(message, at);
        break;
      case 5:
        size = 4;
        break;
      default:
        BOOST_FAIL("no such type of a field");
    }
    BOOST_REQUIRE(at + size <= message.size());
    f.bytes = message.substr(at, size);
    at += size;
    out.push_back(std::move(f));
  }
  return out;
}

struct read_event {
  double wall_time = 0;
  std::int64_t step = 0;
  std::string version;
  bool restarts = false;
  std::map<std::string, float> scalars;
};

read_event event_of(const std::string& message) {
  read_event out;
  for (const field& f : fields_of(message)) {
    if (f.number == 1) out.wall_time = number_at<double>(f.bytes, 0);
    if (f.number == 2) out.step = static_cast<std::int64_t>(f.value);
    if (f.number == 3) out.version = f.bytes;
    if (f.number == 7) out.restarts = fields_of(f.bytes).at(0).value == 1;
    if (f.number != 5) continue;
    for (const field& value : fields_of(f.bytes)) {
      BOOST_TEST(value.number == 1u);
      const auto parts = fields_of(value.bytes);
      BOOST_REQUIRE(parts.size() == 2u);
      BOOST_TEST(parts[0].number == 1u);
      BOOST_TEST(parts[1].number == 2u);
      out.scalars[parts[0].bytes] = number_at<float>(parts[1].bytes, 0);
    }
  }
  return out;
}

/// Reads a file's records and checks every checksum.
std::vector<read_event> events_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  const std::string bytes = text.str();
  std::vector<read_event> out;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto length = number_at<std::uint64_t>(bytes, at);
    BOOST_REQUIRE(length < bytes.size());
    BOOST_TEST(number_at<std::uint32_t>(bytes, at + 8) == masked(crc_of(bytes.substr(at, 8))));
    const std::string message = bytes.substr(at + 12, length);
    BOOST_TEST(number_at<std::uint32_t>(bytes, at + 12 + length) == masked(crc_of(message)));
    out.push_back(event_of(message));
    at += 16 + length;
  }
  return out;
}

std::vector<std::string> event_files(const std::string& path) {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().filename().string().rfind("events.out.tfevents.", 0) == 0) {
      out.push_back(entry.path());
    }
  }
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(event_files_of_tensorboard)

BOOST_AUTO_TEST_CASE(the_readers_checksum_is_the_known_one) {
  BOOST_TEST(crc_of("123456789") == 0xE3069283u);
  BOOST_TEST(crc_of(std::string(32, '\0')) == 0x8A9136AAu);
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read_back) {
  const folder here;
  event_file file(here.path());
  file.add(1e9 + 0.25, 300, {{"a/loss", 0.5}, {"b", -1e30}});
  file.add(1e9, 1, {});  // nothing to say
  file.add(1e9 + 1, std::int64_t{1} << 40, {{std::string(300, 'x'), 3}});
  file.restart(1e9 + 2, 301);
  const auto all = events_of(file.path());
  BOOST_TEST_REQUIRE(all.size() == 4u);
  BOOST_TEST(all[0].version == "brain.Event:2");
  BOOST_TEST(all[0].wall_time > 1e9);
  BOOST_TEST(all[1].wall_time == 1e9 + 0.25);
  BOOST_TEST(all[1].step == 300);
  BOOST_TEST(all[1].scalars.at("a/loss") == 0.5f);
  BOOST_TEST(all[1].scalars.at("b") == -1e30f);
  BOOST_TEST(all[2].step == std::int64_t{1} << 40);
  BOOST_TEST(all[2].scalars.count(std::string(300, 'x')) == 1u);
  BOOST_TEST(all[3].restarts);
  BOOST_TEST(all[3].step == 301);
}

BOOST_AUTO_TEST_CASE(runs_that_go_on_have_files_of_their_own) {
  const folder here;
  const event_file first(here.path()), second(here.path());
  BOOST_TEST(first.path() != second.path());
  BOOST_TEST(event_files(here.path()).size() == 2u);
  BOOST_CHECK_THROW(event_file(here.path() + "/nowhere"), error);
}

BOOST_AUTO_TEST_CASE(reports_and_evaluations_become_scalars) {
  const folder here;
  tensorboard_log log(here.path());
  report r;
  r.worker = 1;
  r.rows = 200;
  r.loss = 0.5;
  r.accuracy = std::numeric_limits<double>::quiet_NaN();
  r.staleness = 2;
  r.samples_per_second = 100;
  log.add(r);
  r.worker = 0;
  r.rows = 300;
  r.accuracy = 0.25;
  r.samples_per_second = 50;
  log.add(r);
  report e;
  e.evaluation = true;
  e.part = "validation";
  e.rows = 250;
  e.loss = 0.125;
  e.metrics = {{"accuracy", 0.75}, {"auc", 0.875}};
  log.add(e);
  log.add(run_event{3, "worker_lost", {{"worker", 1}}});
  log.add(run_event{3, "went_back", {{"checkpoint", nullptr}, {"rows", 0}}});
  log.add(r);
  const auto files = event_files(here.path());
  BOOST_TEST_REQUIRE(files.size() == 1u);
  const auto all = events_of(files[0]);
  BOOST_TEST_REQUIRE(all.size() == 6u);
  const auto& first = all[1].scalars;
  BOOST_TEST(all[1].step == 200);
  BOOST_TEST(first.at("training/loss") == 0.5f);
  BOOST_TEST(first.at("worker_1/loss") == 0.5f);
  BOOST_TEST(first.at("worker_1/staleness") == 2.0f);
  BOOST_TEST(first.count("training/accuracy") == 0u);
  BOOST_TEST(all[2].scalars.at("training/accuracy") == 0.25f);
  BOOST_TEST(all[2].scalars.at("training/samples_per_second") == 150.0f);
  BOOST_TEST(all[2].scalars.at("worker_0/samples_per_second") == 50.0f);
  BOOST_TEST(all[3].step == 250);
  BOOST_TEST(all[3].scalars.at("validation/auc") == 0.875f);
  BOOST_TEST(all[3].scalars.at("validation/loss") == 0.125f);
  BOOST_TEST(all[4].restarts);
  BOOST_TEST(all[4].step == 1);
  BOOST_TEST(all[5].scalars.at("training/samples_per_second") == 50.0f);
}

BOOST_AUTO_TEST_SUITE_END()
