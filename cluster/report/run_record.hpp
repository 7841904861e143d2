#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace troupe::page {

constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

/// A worker's report; what the file has no number for is not-a-number.
struct sample {
  double time = no_number, rows = no_number;
  std::uint32_t worker = 0;
  double loss = no_number, accuracy = no_number, staleness = no_number;
  double speed = no_number;                       ///< rows a second since its last report
  double sent = no_number, received = no_number;  ///< bytes since its last report
};

struct evaluation {
  double time = no_number, rows = no_number;
  std::string part;  ///< "test", "validation"
  double loss = no_number;
  std::vector<std::pair<std::string, double>> metrics;  ///< in the order of the file
};

struct happening {
  double time = 0;
  std::string name;
  nlohmann::ordered_json facts;  ///< an object, without time and name
  bool after_end = false;        ///< of an actor or a node that leaves as the run is over
};

enum class standing { over, under_way, cut_short };

/// The files of a run as they are: of one that is over, fails, is under way or was killed.
struct run_record {
  std::string folder;
  std::string name;  ///< of the job; of the folder where that is unknown
  standing state = standing::over;
  std::string job_text;            ///< "": there is no job.yaml
  nlohmann::ordered_json summary;  ///< null where there is none
  std::vector<sample> samples;
  std::vector<evaluation> evaluations;
  std::vector<happening> events;
  std::vector<std::string> problems;  ///< what is missing or cannot be read, a line each

  /// A number of the summary; not-a-number where it has none.
  double number(const char* key) const;
  /// A word of the summary; "" where it has none.
  std::string word(const char* key) const;
  /// The time of the last line there is.
  double seconds() const;
};

/// Reads the folder of a run. Lines that are torn or no objects are left out and counted in
/// `problems`. \throws error (job) where the folder holds no run.
run_record read_run(const std::string& folder);

}  // namespace troupe::page
