#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// The bytes of a file, plain or gzip (told by its first two bytes, not by its name), one after
/// the other. Several gzip members in a row read as one. One thread.
class byte_source {
 public:
  /// \throws error (data) naming the path where it cannot be opened.
  explicit byte_source(std::string path);
  ~byte_source();
  byte_source(const byte_source&) = delete;
  byte_source& operator=(const byte_source&) = delete;

  /// Fills `to` with up to `count` bytes; fewer only at the end.
  /// \throws error (data) where the file cannot be read or its gzip data is damaged or cut short.
  std::size_t read(std::byte* to, std::size_t count);

  const std::string& path() const noexcept { return path_; }
  bool compressed() const noexcept { return inflater_ != nullptr; }
  /// The most bytes this can give: what a header claims beyond is a lie, and nothing is
  /// allocated for it.
  std::uint64_t most_bytes() const noexcept;
  /// How many bytes there will be, if gzip data is one member, as it says; a guess.
  std::uint64_t likely_bytes() const noexcept;

 private:
  struct inflater;
  std::size_t read_file(std::byte* to, std::size_t count);
  std::size_t read_inflated(std::byte* to, std::size_t count);
  bool refill();

  std::string path_;
  int file_ = -1;
  std::uint64_t file_size_ = 0;
  std::vector<std::byte> sniffed_;  // read to tell the format, not yet handed out
  std::unique_ptr<inflater> inflater_;
};

/// `path` from `directory`, unless it is absolute.
std::string resolve_path(const std::string& directory, const std::string& path);

}  // namespace troupe
