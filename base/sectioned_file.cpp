#include "troupe/base/sectioned_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "troupe/base/checksum.hpp"
#include "troupe/base/error.hpp"

namespace troupe {

namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are written as they lie");

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

/// Closes a descriptor at the end of its scope, unless told that it is closed.
class descriptor {
 public:
  explicit descriptor(int number) : number_(number) {}
  ~descriptor() { close(); }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;

  int number() const { return number_; }
  bool close() {
    const int number = number_;
    number_ = -1;
    return number < 0 || ::close(number) == 0;
  }

 private:
  int number_;
};

/// Stops as soon as the file is seen not to be ours: it may be a device without an end.
std::vector<std::byte> read_whole(const std::string& path) {
  const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  auto fail = [&](const char* what) {
    return data_error(path, std::string(what) + ": " + std::strerror(errno));
  };
  if (file.number() < 0) throw fail("cannot open");
  struct stat facts {};
  if (::fstat(file.number(), &facts) != 0) throw fail("cannot open");
  std::vector<std::byte> bytes(S_ISREG(facts.st_mode) ? static_cast<std::size_t>(facts.st_size)
                                                      : 0);
  std::size_t size = 0;
  for (;;) {
    if (size == bytes.size()) bytes.resize(std::max<std::size_t>(bytes.size() * 2, 1 << 16));
    const ssize_t got = ::read(file.number(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw fail("cannot read");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
    if (std::memcmp(bytes.data(), magic, std::min(size, sizeof magic)) != 0) break;
  }
  bytes.resize(size);
  return bytes;
}

std::uint64_t checksum_of(const std::string& name, const std::byte* bytes, std::size_t length) {
  const auto* letters = reinterpret_cast<const std::byte*>(name.data());
  return checksum({bytes, length}, checksum({letters, name.size()}));
}

/// A name beside `path` that no other thread or process writes to.
std::string name_beside(const std::string& path) {
  static std::atomic<unsigned> count{0};
  return path + ".part." + std::to_string(::getpid()) + "." + std::to_string(++count);
}

using pieces = std::vector<span<const std::byte>>;

/// errno, or 0.
int write_whole(int file, span<const std::byte> bytes) {
  const std::byte* from = bytes.data();
  std::size_t left = bytes.size();
  while (left > 0) {
    const ssize_t put = ::write(file, from, left);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return errno;
    from += put;
    left -= static_cast<std::size_t>(put);
  }
  return 0;
}

/// errno of the first thing that failed, or 0.
int write_synced(const std::string& path, const pieces& all) {
  descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (file.number() < 0) return errno;
  for (const auto& piece : all) {
    if (const int cause = write_whole(file.number(), piece); cause != 0) return cause;
  }
  if (::fsync(file.number()) != 0) return errno;
  return file.close() ? 0 : errno;
}

/// A rename is durable once its folder is synced; a folder that cannot be is no failure.
void sync_folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const descriptor file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.number() >= 0) ::fsync(file.number());
}

void write_pieces_atomically(const std::string& path, const pieces& all) {
  const std::string beside = name_beside(path);
  if (const int cause = write_synced(beside, all); cause != 0) {
    ::unlink(beside.c_str());
    throw run_error(path, std::string("cannot write: ") + std::strerror(cause));
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) {
    const std::string cause = std::strerror(errno);
    ::unlink(beside.c_str());
    throw run_error(path, "cannot rename into place: " + cause);
  }
  sync_folder_of(path);
}

}  // namespace

void write_file_atomically(const std::string& path, span<const std::byte> bytes) {
  write_pieces_atomically(path, {bytes});
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

std::vector<std::string> sectioned_file::names() const {
  std::vector<std::string> out;
  for (const auto& section : sections_) out.push_back(section.first);
  return out;
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
  // Sections are written from where they lie: a large model is not held twice.
  std::vector<std::vector<std::byte>> heads(1);
  const auto* start = reinterpret_cast<const std::byte*>(magic);
  heads[0].assign(start, start + sizeof magic);
  append(heads[0], version);
  append(heads[0], static_cast<std::uint32_t>(sections_.size()));
  for (const auto& [name, bytes] : sections_) {
    std::vector<std::byte>& head = heads.emplace_back();
    append(head, static_cast<std::uint32_t>(name.size()));
    const auto* letters = reinterpret_cast<const std::byte*>(name.data());
    head.insert(head.end(), letters, letters + name.size());
    append(head, static_cast<std::uint64_t>(bytes.size()));
    append(head, checksum_of(name, bytes.data(), bytes.size()));
  }
  pieces all{heads[0]};
  auto head = heads.begin();
  for (const auto& section : sections_) {
    all.emplace_back(*++head);
    all.emplace_back(section.second);
  }
  write_pieces_atomically(path, all);
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
    if (checksum_of(name, content, length) != checksum) {
      throw data_error(path, "section '" + name + "' is damaged (its checksum does not match)");
    }
    if (file.has(name)) throw data_error(path, "section '" + name + "' occurs twice");
    file.put(name, {content, static_cast<std::size_t>(length)});
  }
  if (!at.done()) throw data_error(path, "bytes follow the last section");
  return file;
}

}  // namespace troupe
