#include "troupe/cluster/run_folder.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "troupe/base/error.hpp"

namespace troupe {

namespace fs = std::filesystem;

run_folder::run_folder(const std::string& path, bool resume) : path_(path) {
  refuse_taken(path, resume);
  std::error_code problem;
  fs::create_directories(path, problem);
  if (problem) throw run_error(path, "cannot make the folder: " + problem.message());
  if (!fs::is_directory(path, problem)) throw run_error(path, "is not a folder");
  if (resume && fs::exists(file("job.yaml"), problem)) {
    lock();
    // It is over once this is there again.
    fs::remove(file("summary.json"), problem);
    return;
  }
  // Of two runs that start at once, one makes the file; the other is refused.
  const int claim = ::open(file("job.yaml").c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (claim < 0 && errno == EEXIST) refuse_taken(path);
  if (claim < 0) throw run_error(path, std::string("cannot write: ") + std::strerror(errno));
  ::close(claim);
  lock();
}

void run_folder::lock() {
  lock_ = ::open(file("history.jsonl").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  // Where a file system knows no locks, nobody else is expected either.
  if (lock_ >= 0 && (::flock(lock_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)) return;
  const int why = errno;
  if (lock_ >= 0) ::close(lock_);
  throw run_error(path_, why == EWOULDBLOCK ? "the run is under way, in another process"
                                            : std::string("cannot write: ") + std::strerror(why));
}

run_folder::~run_folder() {
  if (lock_ >= 0) ::close(lock_);
}

bool run_folder::is_held(const std::string& path) {
  const int file = ::open((path + "/history.jsonl").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return false;
  const bool held = ::flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(file);
  return held;
}

void run_folder::refuse_taken(const std::string& path, bool resume) {
  std::error_code problem;
  if (resume) {
    std::ifstream summary(fs::path(path) / "summary.json");
    const auto facts = nlohmann::json::parse(summary, nullptr, false);
    if (facts.is_object() && facts.value("stopped_by", "") == "epochs") {
      throw job_error(path, "there is nothing to resume: the run has trained all its epochs");
    }
    return;
  }
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
