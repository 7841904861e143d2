#pragma once

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "troupe/base/error.hpp"
#include "troupe/data/prepare.hpp"

namespace troupe::testing {

/// A folder that is there while the test runs.
class folder {
 public:
  folder() {
    char name[] = "/tmp/troupe-data-XXXXXX";
    if (!mkdtemp(name)) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~folder() { std::filesystem::remove_all(path_); }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;

  const std::string& path() const { return path_; }
  std::string write(const std::string& name, const std::string& bytes) const {
    // Writing over a file makes some file systems wait for the disk.
    std::filesystem::remove(path_ + "/" + name);
    std::ofstream(path_ + "/" + name, std::ios::binary) << bytes;
    return name;
  }
  std::string write_gz(const std::string& name, const std::string& bytes) const {
    gzFile file = gzopen((path_ + "/" + name).c_str(), "wb");
    gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(file);
    return name;
  }
  std::string read(const std::string& name) const {
    std::ifstream in(path_ + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::string path_;
};

/// Reads with a built-in reader; the options as a job gives them.
inline dataset read(const std::string& format, const settings& options,
                    const std::string& directory, std::size_t rows = 0) {
  const data_catalogue all = data_catalogue::builtin();
  const reader_entry& reader = all.readers.at(format, "", "format");
  read_request request;
  request.options = resolve(
      reader.options, options, [](const std::string& o) { return o; }, format);
  request.directory = directory;
  request.rows = rows;
  return reader.read(request);
}

/// What `work` throws, or "" where it throws nothing.
template <class Work>
std::string message_of(Work&& work) {
  try {
    work();
  } catch (const error& e) {
    return e.what();
  }
  return "";
}

inline bool contains(const std::string& text, const std::string& part) {
  const bool found = text.find(part) != std::string::npos;
  if (!found) BOOST_TEST_MESSAGE("'" << text << "' does not contain '" << part << "'");
  return found;
}

/// The features of all rows as floats.
inline std::vector<float> values(const dataset& data) {
  std::vector<float> out(data.rows() * data.row_volume());
  const std::byte* from = data.features.data();
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = data.type == element_type::u8
                 ? static_cast<float>(reinterpret_cast<const std::uint8_t*>(from)[i])
                 : reinterpret_cast<const float*>(from)[i];
  }
  return out;
}

/// A folder of real data beside the project; says so where it is absent.
inline std::string real_data(const std::string& name) {
  std::string path = std::string(TROUPE_SOURCE_DIR) + "/../shared/data/" + name;
  if (std::filesystem::exists(path)) return path;
  BOOST_TEST_MESSAGE("skipped: " << path << " is not there");
  return "";
}

}  // namespace troupe::testing
