#pragma once

#include <string>

namespace troupe {

/// The folder of a run: job.yaml, history.jsonl, events.jsonl, model.troupe, summary.json.
class run_folder {
 public:
  /// Makes the folder (and its parents). \throws error (job) where it holds a run already,
  /// error (run) where it cannot be made.
  explicit run_folder(const std::string& path);

  const std::string& path() const noexcept { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

  /// runs/<name>-<date>-<time>, with a number behind it where that exists already.
  static std::string default_path(const std::string& job_name);

 private:
  std::string path_;
};

}  // namespace troupe
