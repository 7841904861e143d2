#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "troupe/base/span.hpp"

namespace troupe {

/// The container of every file of ours (model, checkpoint): a magic, a format version, then named
/// sections, each with its length and a 64-bit XXH3 checksum of its bytes, seeded with that of its
/// name: no flipped bit anywhere in a file goes unnoticed. Little-endian.
///
///     "TROUPE\r\n"  u32 version  u32 section count
///     per section:  u32 name length, name, u64 length, u64 checksum, bytes
///
/// What a section holds is its owner's business; a reader ignores names it does not know, so
/// newer files with more sections can be read by older programs of the same version.
class sectioned_file {
 public:
  static constexpr std::uint32_t version = 1;

  /// Adds or replaces a section.
  void put(const std::string& name, span<const std::byte> bytes);
  void put(const std::string& name, const std::string& text);

  bool has(const std::string& name) const { return sections_.count(name) != 0; }
  /// Names of all sections, sorted.
  std::vector<std::string> names() const;

  /// Where it was loaded from, for messages; empty otherwise.
  const std::string& path() const noexcept { return path_; }

  /// \throws error (data) where the section is missing.
  span<const std::byte> get(const std::string& name) const;
  std::string text(const std::string& name) const;

  /// Writes beside `path`, syncs, and renames: a reader sees the old file or the new one, whole.
  /// \throws error (run) naming the path and the cause; nothing half-written is left.
  void save(const std::string& path) const;

  /// Reads and checks everything.
  /// \throws error (data) for a file that is missing, not ours, of another version, cut short,
  ///         with a section twice, or whose checksum fails (naming the section).
  static sectioned_file load(const std::string& path);

 private:
  std::string path_;  // for messages
  std::map<std::string, std::vector<std::byte>> sections_;
};

/// Writes a whole file beside `path`, syncs it and renames it into place.
/// \throws error (run) naming the path and the cause; nothing half-written is left.
void write_file_atomically(const std::string& path, span<const std::byte> bytes);
void write_file_atomically(const std::string& path, const std::string& text);

}  // namespace troupe
