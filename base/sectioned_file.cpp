#include "troupe/base/sectioned_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "troupe/base/error.hpp"

namespace troupe {

namespace {

constexpr char magic[8] = {'T', 'R', 'O', 'U', 'P', 'E', '\r', '\n'};

template <class T>
void append(std::vector<std::byte>& out, T value) {
  const auto* bytes = reinterpret_cast<const std::byte*>(&value);
  out.insert(out.end(), bytes, bytes + sizeof value);
}

/// Reads a file piece by piece and knows how much is left, so lengths are checked before use.
class cursor {
 public:
  cursor(const std::vector<std::byte>& bytes, const std::string& path)
      : bytes_(bytes), path_(path) {}

  template <class T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof value), sizeof value);
    return value;
  }
  const std::byte* take(std::uint64_t count) {
    if (count > bytes_.size() - at_) throw data_error(path_, "the file is cut short");
    const std::byte* here = bytes_.data() + at_;
    at_ += count;
    return here;
  }
  bool done() const { return at_ == bytes_.size(); }

 private:
  const std::vector<std::byte>& bytes_;
  const std::string& path_;
  std::size_t at_ = 0;
};

std::vector<std::byte> read_whole(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (!file) throw data_error(path, std::string("cannot open: ") + std::strerror(errno));
  std::vector<std::byte> bytes;
  std::byte buffer[1 << 16];
  std::size_t got = 0;
  while ((got = std::fread(buffer, 1, sizeof buffer, file)) > 0) {
    bytes.insert(bytes.end(), buffer, buffer + got);
  }
  const bool failed = std::ferror(file) != 0;
  const int cause = errno;
  std::fclose(file);
  if (failed) throw data_error(path, std::string("cannot read: ") + std::strerror(cause));
  return bytes;
}

}  // namespace

void write_file_atomically(const std::string& path, span<const std::byte> bytes) {
  const std::string beside = path + ".part." + std::to_string(::getpid());
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  auto fail = [&](const char* what) {
    const std::string cause = std::strerror(errno);
    if (fd >= 0) ::close(fd);
    ::unlink(beside.c_str());
    throw run_error(path, std::string(what) + ": " + cause);
  };
  if (fd < 0) fail("cannot create");
  const std::byte* from = bytes.data();
  std::size_t left = bytes.size();
  while (left > 0) {
    const ssize_t put = ::write(fd, from, left);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail("cannot write");
    from += put;
    left -= static_cast<std::size_t>(put);
  }
  if (::fsync(fd) != 0) fail("cannot sync");
  if (::close(fd) != 0) {
    ::unlink(beside.c_str());
    throw run_error(path, std::string("cannot close: ") + std::strerror(errno));
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) {
    const std::string cause = std::strerror(errno);
    ::unlink(beside.c_str());
    throw run_error(path, "cannot rename into place: " + cause);
  }
  // The rename itself is durable once the folder is synced; a folder that cannot be is no failure.
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    ::fsync(directory);
    ::close(directory);
  }
}

void write_file_atomically(const std::string& path, const std::string& text) {
  write_file_atomically(path, {reinterpret_cast<const std::byte*>(text.data()), text.size()});
}

void sectioned_file::put(const std::string& name, span<const std::byte> bytes) {
  sections_[name].assign(bytes.data(), bytes.data() + bytes.size());
}

void sectioned_file::put(const std::string& name, const std::string& text) {
  put(name, {reinterpret_cast<const std::byte*>(text.data()), text.size()});
}

span<const std::byte> sectioned_file::get(const std::string& name) const {
  const auto found = sections_.find(name);
  if (found == sections_.end()) throw data_error(path_, "the file has no section '" + name + "'");
  return {found->second.data(), found->second.size()};
}

std::string sectioned_file::text(const std::string& name) const {
  const auto bytes = get(name);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void sectioned_file::save(const std::string& path) const {
  std::vector<std::byte> out;
  const auto* head = reinterpret_cast<const std::byte*>(magic);
  out.insert(out.end(), head, head + sizeof magic);
  append(out, version);
  append(out, static_cast<std::uint32_t>(sections_.size()));
  for (const auto& [name, bytes] : sections_) {
    append(out, static_cast<std::uint32_t>(name.size()));
    const auto* letters = reinterpret_cast<const std::byte*>(name.data());
    out.insert(out.end(), letters, letters + name.size());
    append(out, static_cast<std::uint64_t>(bytes.size()));
    append(out, static_cast<std::uint64_t>(XXH3_64bits(bytes.data(), bytes.size())));
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  write_file_atomically(path, {out.data(), out.size()});
}

sectioned_file sectioned_file::load(const std::string& path) {
  const std::vector<std::byte> bytes = read_whole(path);
  cursor at(bytes, path);
  if (bytes.size() < sizeof magic || std::memcmp(at.take(sizeof magic), magic, sizeof magic) != 0) {
    throw data_error(path, "not a troupe file");
  }
  const auto found = at.number<std::uint32_t>();
  if (found != version) {
    throw data_error(path, "format version " + std::to_string(found) +
                               " is not one this program reads (" + std::to_string(version) + ")");
  }
  sectioned_file file;
  file.path_ = path;
  const auto count = at.number<std::uint32_t>();
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto name_length = at.number<std::uint32_t>();
    const std::string name(reinterpret_cast<const char*>(at.take(name_length)), name_length);
    const auto length = at.number<std::uint64_t>();
    const auto checksum = at.number<std::uint64_t>();
    const std::byte* content = at.take(length);
    if (XXH3_64bits(content, length) != checksum) {
      throw data_error(path, "section '" + name + "' is damaged (its checksum does not match)");
    }
    file.sections_[name].assign(content, content + length);
  }
  if (!at.done()) throw data_error(path, "bytes follow the last section");
  return file;
}

}  // namespace troupe
