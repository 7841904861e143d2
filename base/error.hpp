#pragma once

#include <stdexcept>
#include <string>

namespace troupe {

/// What went wrong, as far as a caller decides by it. Values are the command's exit status.
enum class error_kind {
  run = 1,   ///< the run failed
  job = 2,   ///< bad usage or bad job file
  data = 3,  ///< bad data file, model file or checkpoint
};

/// The one exception of this project: an expected failure with its place.
///
/// `place` names where the cause lies, as exactly as known: `job.yaml:12:5`, `train.csv:17: column
/// 3`, `model.layers.2`, `--set training.epochs`. It may be empty. `what()` is `place: message`,
/// one line, fit to be shown to a user.
class error : public std::runtime_error {
 public:
  error(error_kind kind, std::string place, const std::string& message);

  error_kind kind() const noexcept { return kind_; }
  const std::string& place() const noexcept { return place_; }
  /// The message without its place, for a caller that knows a better one.
  const std::string& message() const noexcept { return message_; }

 private:
  error_kind kind_;
  std::string place_;
  std::string message_;
};

inline error job_error(std::string place, const std::string& message) {
  return {error_kind::job, std::move(place), message};
}
inline error data_error(std::string place, const std::string& message) {
  return {error_kind::data, std::move(place), message};
}
inline error run_error(std::string place, const std::string& message) {
  return {error_kind::run, std::move(place), message};
}

}  // namespace troupe
