#pragma once

#include <string>

namespace troupe {

/// The folder of a run: job.yaml, history.jsonl, events.jsonl, model.troupe, summary.json.
class run_folder {
 public:
  /// Makes the folder (and its parents). \throws error (job) where it holds a run already,
  /// error (run) where it cannot be made.
  explicit run_folder(const std::string& path);

  /// \throws error (job) where the folder holds a run already: asked before data is read.
  static void refuse_taken(const std::string& path);

  const std::string& path() const noexcept { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

  /// Makes runs/<name>-<date>-<time>, with a number behind it where that exists already.
  static std::string make_default(const std::string& job_name);

 private:
  std::string path_;
};

}  // namespace troupe
