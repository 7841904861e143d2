#include <fmt/format.h>

#include <filesystem>
#include <set>

#include "command.hpp"
#include "troupe/base/error.hpp"
#include "troupe/base/sectioned_file.hpp"
#include "troupe/cluster/report/page.hpp"

namespace troupe::cli {

namespace {

/// Names that tell the runs apart: that of the folder, or all of its path.
std::vector<page::compared> named(std::vector<page::run_record> runs) {
  std::set<std::string> names;
  std::vector<page::compared> out;
  for (page::run_record& run : runs) {
    const auto path = (std::filesystem::path(run.folder) / "").lexically_normal().parent_path();
    std::string name = path.filename().string();
    if (name.empty() || name == "." || name == "..") name = run.name;
    if (!names.insert(name).second) name = run.folder;
    out.push_back({std::move(name), std::move(run)});
  }
  return out;
}

}  // namespace

int report_command(const report_arguments& arguments) {
  std::string output = arguments.output;
  if (output.empty() && arguments.runs.size() > 1) {
    throw job_error("--output", "is needed with several runs: the page belongs to none of them");
  }
  std::vector<page::run_record> runs;
  for (const std::string& folder : arguments.runs) runs.push_back(page::read_run(folder));
  if (output.empty()) output = arguments.runs.front() + "/report.html";
  const std::string text = runs.size() == 1
                               ? page::run_page(runs.front())
                               : page::compare_page("Runs compared", named(std::move(runs)), {});
  write_file_atomically(output, text);
  fmt::print("{}\n", output);
  return exit_ok;
}

}  // namespace troupe::cli
