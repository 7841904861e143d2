#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

/// A file that TensorBoard reads: records with a length and checksums (CRC-32C), in each an `Event`
/// in the encoding of Protocol Buffers. Every record is flushed at once, so that who watches sees
/// it.
class event_file {
 public:
  /// Makes a new file in `folder`, `events.out.tfevents.<seconds>.<host>.<process>`.
  /// \throws error (run) where it cannot be written; so do the others.
  explicit event_file(const std::string& folder);

  using scalars = std::vector<std::pair<std::string, double>>;
  /// Values by tag at a step. `wall_time`: seconds since 1970.
  void add(double wall_time, std::int64_t step, const scalars& values);
  /// What was said of this step and of later ones does not count any more.
  void restart(double wall_time, std::int64_t step);

  const std::string& path() const noexcept { return path_; }

 private:
  void write(const std::string& event);

  struct closer {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  std::string path_;
  std::unique_ptr<std::FILE, closer> file_;
};

}  // namespace troupe
