#pragma once

#include <zlib.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "cluster/process.hpp"

namespace troupe::testing {

/// A folder of a test's own, gone with it.
class workspace {
 public:
  workspace() {
    std::string name = (std::filesystem::temp_directory_path() / "troupe-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("mkdtemp failed");
    path_ = name;
  }
  ~workspace() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  workspace(const workspace&) = delete;
  workspace& operator=(const workspace&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  bool has(const std::string& name) const { return std::filesystem::exists(*this / name); }

  std::string write(const std::string& name, const std::string& bytes) const {
    std::ofstream(*this / name, std::ios::binary) << bytes;
    return *this / name;
  }
  std::string write_gz(const std::string& name, const std::string& bytes) const {
    const gzFile file = gzopen((*this / name).c_str(), "wb");
    gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(file);
    return *this / name;
  }
  std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(*this / name, std::ios::binary).rdbuf();
    return text.str();
  }
  nlohmann::json json(const std::string& name) const { return nlohmann::json::parse(read(name)); }
  std::vector<nlohmann::json> json_lines(const std::string& name) const {
    std::vector<nlohmann::json> objects;
    for (const std::string& line : lines_of(read(name))) {
      objects.push_back(nlohmann::json::parse(line));
    }
    return objects;
  }

 private:
  std::string path_;
};

inline const std::string digits_job = TROUPE_SOURCE_DIR "/config/jobs/digits.yaml";

/// Pictures of digits and a small dense network: trains in well under a second.
inline const std::string quick_job =
    "name: quick\n"
    "seed: 3\n"
    "data:\n"
    "  train: {format: synthetic, kind: digits, rows: 1000}\n"
    "  split: {test: 0.2}\n"
    "  transforms:\n"
    "    - min_max: {from: [0, 255]}\n"
    "model:\n"
    "  input: [28, 28]\n"
    "  layers:\n"
    "    - flatten\n"
    "    - dense: {units: 16, activation: relu}\n"
    "    - dense: {units: 10, activation: softmax}\n"
    "  metrics: [accuracy]\n"
    "optimizer:\n"
    "  protocol: downpour\n"
    "  communication_window: 2\n"
    "  gradient_rule: {name: adam, learning_rate: 0.002}\n"
    "training: {epochs: 1, batch_size: 20}\n"
    "actors: {workers: 2}\n";

/// Three kinds of flowers, so to speak: `rows` rows of two measures and a word, in any delimiter.
inline std::string flower_rows(int rows, bool labels, char delimiter = ',') {
  std::ostringstream out;
  const char* const names[] = {"aster", "basil", "cress"};
  for (int i = 0; i < rows; ++i) {
    const int kind = i * 7 % 3;
    out << kind * 2 + (i * 37 % 100) * 0.01 << delimiter << 5 - kind + (i * 53 % 100) * 0.01;
    if (labels) out << delimiter << names[kind];
    out << '\n';
  }
  return out.str();
}

/// A job on `flowers.csv` in the folder `directory`.
inline std::string flower_job(const std::string& directory) {
  return "name: flowers\n"
         "data:\n"
         "  directory: " +
         directory +
         "\n"
         "  train: {format: csv, path: flowers.csv}\n"
         "  split: {test: 0.2}\n"
         "  transforms: [standard]\n"
         "model:\n"
         "  input: [2]\n"
         "  layers:\n"
         "    - dense: {units: 3, activation: softmax}\n"
         "  metrics: [accuracy]\n"
         "optimizer: {protocol: sequential, gradient_rule: {name: adam, learning_rate: 0.1}}\n"
         "training: {epochs: 5, batch_size: 10}\n";
}

/// The one line a failure leaves on standard error.
inline void check_complaint(const outcome& done, int status, const std::string& expected) {
  BOOST_CHECK_EQUAL(done.status, status);
  BOOST_CHECK_EQUAL(done.out, "");
  BOOST_REQUIRE_MESSAGE(lines_of(done.err).size() == 1, "not one line: " << done.err);
  BOOST_CHECK_MESSAGE(done.err.rfind("troupe: ", 0) == 0, done.err);
  BOOST_CHECK_MESSAGE(done.err.find(expected) != std::string::npos,
                      "'" << expected << "' is not in: " << done.err);
}

}  // namespace troupe::testing
