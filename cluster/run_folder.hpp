#pragma once

#include <string>

namespace troupe {

/// The folder of a run: job.yaml, history.jsonl, events.jsonl, checkpoints, model.troupe,
/// summary.json. One process at a time has it.
class run_folder {
 public:
  /// Makes the folder (and its parents). \throws error (job) where it holds a run already, unless
  /// that is to be resumed; error (run) where it cannot be made, or another process has it.
  explicit run_folder(const std::string& path, bool resume = false);
  ~run_folder();
  run_folder(const run_folder&) = delete;
  run_folder& operator=(const run_folder&) = delete;

  /// \throws error (job) where the folder holds a run already, or one that cannot be resumed as it
  /// is over: asked before data is read.
  static void refuse_taken(const std::string& path, bool resume = false);

  /// Whether a process has the run of this folder now.
  static bool is_held(const std::string& path);

  const std::string& path() const noexcept { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

  /// Makes runs/<name>-<date>-<time>, with a number behind it where that exists already.
  static std::string make_default(const std::string& job_name);

 private:
  void lock();

  std::string path_;
  int lock_ = -1;
};

}  // namespace troupe
