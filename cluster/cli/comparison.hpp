#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace troupe::cli {

/// What became of one setting of a comparison.
struct compared_run {
  std::string protocol;
  std::uint32_t workers = 1;
  std::string consistency, compression;
  std::string folder;              ///< of the run, inside the comparison's
  nlohmann::ordered_json summary;  ///< summary.json; null where the run never began
  std::string stopped_by;
  std::string failure;  ///< one line, where stopped_by is "failed" or "diverged"

  /// "adag, 4 workers"
  std::string label() const;
};

/// One job under several protocols and numbers of workers.
struct comparison {
  std::string job;
  std::size_t planned = 0;  ///< settings there were to be; fewer runs: it was interrupted
  std::vector<compared_run> runs;
  std::vector<std::string> left_out;  ///< what of the job was left out for whom, a line each
};

/// The table: a row of heads, then one a run. What there is no number for is "-".
std::vector<std::vector<std::string>> cells_of(const comparison& of);
/// Columns before this one are words.
constexpr std::size_t first_number_column = 4;

/// What stands below the table: failures, what was left out, what was not run.
std::vector<std::string> notes_of(const comparison& of);

/// For a terminal, columns side by side.
std::string to_text(const comparison& of);
/// table.md
std::string to_markdown(const comparison& of);
/// table.json: `job`, `planned`, `left_out`, and `runs` with the summary of each.
nlohmann::ordered_json to_json(const comparison& of);

}  // namespace troupe::cli
