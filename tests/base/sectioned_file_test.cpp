#include "troupe/base/sectioned_file.hpp"

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "troupe/base/error.hpp"

using namespace troupe;
namespace fs = std::filesystem;

namespace {

struct folder {
  fs::path path;
  folder() {
    std::string name = (fs::temp_directory_path() / "troupe-file-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~folder() { fs::remove_all(path); }

  std::string file(const std::string& name) const { return (path / name).string(); }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(path), fs::directory_iterator()));
  }
};

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// The error of loading, which must be one of data; "" where the file loads.
std::string refusal(const std::string& path) {
  try {
    sectioned_file::load(path);
  } catch (const error& e) {
    BOOST_TEST((e.kind() == error_kind::data));
    BOOST_TEST(e.place() == path);
    return e.message();
  }
  return {};
}

sectioned_file sample() {
  sectioned_file file;
  file.put("model", std::string("{\"layers\": []}"));
  file.put("parameters", std::string("\0\1\2\3binary\r\n", 12));
  file.put("empty", std::string());
  return file;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(sectioned_file_suite, folder)

BOOST_AUTO_TEST_CASE(sections_come_back_as_they_were_put) {
  sample().save(file("a"));
  const sectioned_file back = sectioned_file::load(file("a"));
  BOOST_TEST((back.names() == std::vector<std::string>{"empty", "model", "parameters"}));
  BOOST_TEST(back.text("model") == "{\"layers\": []}");
  BOOST_TEST(back.text("parameters") == std::string("\0\1\2\3binary\r\n", 12));
  BOOST_TEST(back.get("empty").empty());
  BOOST_TEST(back.path() == file("a"));
  BOOST_TEST(!back.has("labels"));
  BOOST_CHECK_THROW(back.get("labels"), error);
  BOOST_TEST(files() == 1u);

  sectioned_file none;
  none.save(file("none"));
  BOOST_TEST(sectioned_file::load(file("none")).names().empty());
}

BOOST_AUTO_TEST_CASE(a_file_cut_short_anywhere_is_refused) {
  sample().save(file("a"));
  const std::string whole = read(file("a"));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    write(file("b"), whole.substr(0, length));
    BOOST_TEST(!refusal(file("b")).empty(), "cut to " << length << " bytes");
  }
  write(file("b"), whole + "x");
  BOOST_TEST(refusal(file("b")) == "bytes follow the last section");
}

BOOST_AUTO_TEST_CASE(every_flipped_bit_is_found) {
  sample().save(file("a"));
  const std::string whole = read(file("a"));
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    write(file("b"), flipped);
    BOOST_TEST(!refusal(file("b")).empty(), "flipped bit " << bit);
  }
}

BOOST_AUTO_TEST_CASE(damage_is_named) {
  sample().save(file("a"));
  std::string bytes = read(file("a"));
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write(file("b"), bytes);
  BOOST_TEST(refusal(file("b")) == "section 'parameters' is damaged (its checksum does not match)");
  bytes[8] = 2;
  write(file("b"), bytes);
  BOOST_TEST(refusal(file("b")) == "format version 2 is not one this program reads (1)");
}

BOOST_AUTO_TEST_CASE(a_section_that_occurs_twice_is_refused) {
  sectioned_file one;
  one.put("model", std::string("x"));
  one.save(file("a"));
  std::string bytes = read(file("a"));
  bytes += bytes.substr(16);
  bytes[12] = 2;
  write(file("b"), bytes);
  BOOST_TEST(refusal(file("b")) == "section 'model' occurs twice");
}

BOOST_AUTO_TEST_CASE(what_is_not_ours_is_refused) {
  write(file("text"), "hello, this is a text and no model at all");
  BOOST_TEST(refusal(file("text")) == "not a troupe file");
  write(file("nothing"), "");
  BOOST_TEST(refusal(file("nothing")) == "not a troupe file");
  BOOST_TEST(refusal(file("missing")) == "cannot open: No such file or directory");
  BOOST_TEST(refusal(path.string()) == "cannot read: Is a directory");
  // Has no end: reading must stop by itself.
  BOOST_TEST(refusal("/dev/zero") == "not a troupe file");
}

BOOST_AUTO_TEST_CASE(saving_replaces_the_old_file_and_leaves_nothing_else) {
  write(file("a"), "old");
  sample().save(file("a"));
  BOOST_TEST(sectioned_file::load(file("a")).has("model"));
  BOOST_TEST(files() == 1u);
}

BOOST_AUTO_TEST_CASE(a_failed_save_leaves_nothing) {
  // A folder that is not empty cannot be renamed over.
  fs::create_directories(path / "taken" / "inner");
  for (const std::string& target : {file("taken"), file("no/such/folder/x")}) {
    try {
      sample().save(target);
      BOOST_ERROR("nothing was thrown for " + target);
    } catch (const error& e) {
      BOOST_TEST((e.kind() == error_kind::run));
      BOOST_TEST(e.place() == target);
    }
    BOOST_TEST(files() == 1u);
  }
}

BOOST_AUTO_TEST_SUITE_END()
