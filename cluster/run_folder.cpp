#include "troupe/cluster/run_folder.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>

#include "troupe/base/error.hpp"

namespace troupe {

namespace fs = std::filesystem;

run_folder::run_folder(const std::string& path) : path_(path) {
  refuse_taken(path);
  std::error_code problem;
  fs::create_directories(path, problem);
  if (problem) throw run_error(path, "cannot make the folder: " + problem.message());
  if (!fs::is_directory(path, problem)) throw run_error(path, "is not a folder");
  // Of two runs that start at once, one makes the file; the other is refused.
  const int claim = ::open(file("job.yaml").c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (claim < 0 && errno == EEXIST) refuse_taken(path);
  if (claim < 0) throw run_error(path, std::string("cannot write: ") + std::strerror(errno));
  ::close(claim);
}

void run_folder::refuse_taken(const std::string& path) {
  std::error_code problem;
  for (const char* name : {"job.yaml", "summary.json", "history.jsonl", "events.jsonl",
                           "model.troupe", "checkpoints"}) {
    if (fs::exists(fs::path(path) / name, problem)) {
      throw job_error(path,
                      fmt::format("the folder holds a run already ({}); choose another", name));
    }
  }
}

std::string run_folder::make_default(const std::string& job_name) {
  const std::time_t now = std::time(nullptr);
  const std::string base = fmt::format("runs/{}-{:%Y%m%d-%H%M%S}", job_name, fmt::localtime(now));
  std::string path = base;
  std::error_code problem;
  fs::create_directories("runs", problem);
  // Made at once, so that runs started in the same second get folders of their own.
  for (int i = 2; !problem && !fs::create_directory(path, problem); ++i) {
    path = fmt::format("{}-{}", base, i);
  }
  if (problem) throw run_error(path, "cannot make the folder: " + problem.message());
  return path;
}

}  // namespace troupe
