#include "troupe/cluster/run_folder.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <filesystem>

#include "troupe/base/error.hpp"

namespace troupe {

namespace fs = std::filesystem;

run_folder::run_folder(const std::string& path) : path_(path) {
  std::error_code problem;
  for (const char* name : {"job.yaml", "summary.json", "history.jsonl", "events.jsonl",
                           "model.troupe", "checkpoints"}) {
    if (fs::exists(fs::path(path) / name, problem)) {
      throw job_error(path, fmt::format("the folder holds a run already ({}); choose another",
                                        name));
    }
  }
  fs::create_directories(path, problem);
  if (problem) throw run_error(path, "cannot make the folder: " + problem.message());
  if (!fs::is_directory(path, problem)) throw run_error(path, "is not a folder");
}

std::string run_folder::default_path(const std::string& job_name) {
  const std::time_t now = std::time(nullptr);
  const std::string base = fmt::format("runs/{}-{:%Y%m%d-%H%M%S}", job_name, fmt::localtime(now));
  std::string path = base;
  std::error_code problem;
  for (int i = 2; fs::exists(path, problem); ++i) path = fmt::format("{}-{}", base, i);
  return path;
}

}  // namespace troupe
