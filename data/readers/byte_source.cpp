#include "troupe/data/readers/byte_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "troupe/base/error.hpp"

namespace troupe {

namespace {

constexpr std::size_t inflate_buffer = 1 << 18;
/// Deflate makes at most 258 bytes of 2 bits.
constexpr std::uint64_t most_inflation = 1032;

}  // namespace

struct byte_source::inflater {
  z_stream stream{};
  std::vector<std::byte> input = std::vector<std::byte>(inflate_buffer);
  bool in_member = true;

  explicit inflater(const std::string& path) {
    // 16: a gzip header is expected.
    if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) throw run_error(path, "zlib does not start");
  }
  ~inflater() { inflateEnd(&stream); }
  inflater(const inflater&) = delete;
  inflater& operator=(const inflater&) = delete;
};

byte_source::byte_source(std::string path) : path_(std::move(path)) {
  auto fail = [&](const std::string& cause) {
    if (file_ >= 0) ::close(file_);
    throw data_error(path_, "cannot open: " + cause);
  };
  file_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (file_ < 0) fail(std::strerror(errno));
  struct stat facts {};
  if (::fstat(file_, &facts) != 0) fail(std::strerror(errno));
  if (!S_ISREG(facts.st_mode)) fail("not a regular file");
  file_size_ = static_cast<std::uint64_t>(facts.st_size);
  try {
    sniffed_.resize(2);
    sniffed_.resize(read_file(sniffed_.data(), sniffed_.size()));
    if (sniffed_.size() == 2 && sniffed_[0] == std::byte{0x1f} && sniffed_[1] == std::byte{0x8b}) {
      inflater_ = std::make_unique<inflater>(path_);
      std::copy(sniffed_.begin(), sniffed_.end(), inflater_->input.begin());
      inflater_->stream.next_in = reinterpret_cast<Bytef*>(inflater_->input.data());
      inflater_->stream.avail_in = static_cast<uInt>(sniffed_.size());
    }
  } catch (...) {
    ::close(file_);
    throw;
  }
}

byte_source::~byte_source() {
  ::close(file_);
}

std::uint64_t byte_source::most_bytes() const noexcept {
  return compressed() ? file_size_ * most_inflation : file_size_;
}

std::size_t byte_source::read(std::byte* to, std::size_t count) {
  if (inflater_) return read_inflated(to, count);
  const std::size_t first = std::min(count, sniffed_.size());
  if (first > 0) {
    std::copy_n(sniffed_.begin(), first, to);
    sniffed_.erase(sniffed_.begin(), sniffed_.begin() + static_cast<std::ptrdiff_t>(first));
  }
  return first + read_file(to + first, count - first);
}

std::size_t byte_source::read_file(std::byte* to, std::size_t count) {
  std::size_t got = 0;
  while (got < count) {
    const ssize_t piece = ::read(file_, to + got, std::min<std::size_t>(count - got, 1u << 30));
    if (piece < 0 && errno == EINTR) continue;
    if (piece < 0) throw data_error(path_, std::string("cannot read: ") + std::strerror(errno));
    if (piece == 0) break;
    got += static_cast<std::size_t>(piece);
  }
  return got;
}

bool byte_source::refill() {
  z_stream& stream = inflater_->stream;
  if (stream.avail_in > 0) return true;
  const std::size_t got = read_file(inflater_->input.data(), inflater_->input.size());
  stream.next_in = reinterpret_cast<Bytef*>(inflater_->input.data());
  stream.avail_in = static_cast<uInt>(got);
  return got > 0;
}

std::size_t byte_source::read_inflated(std::byte* to, std::size_t count) {
  z_stream& stream = inflater_->stream;
  std::size_t got = 0;
  while (got < count) {
    if (!refill()) {
      if (inflater_->in_member) throw data_error(path_, "the gzip data is cut short");
      break;
    }
    if (!inflater_->in_member) {
      // Between two members; writers on tapes pad with zeros.
      if (*stream.next_in == 0) {
        ++stream.next_in;
        --stream.avail_in;
        continue;
      }
      if (*stream.next_in != 0x1f) throw data_error(path_, "other bytes follow the gzip data");
      inflateReset(&stream);
      inflater_->in_member = true;
    }
    const auto room = static_cast<uInt>(std::min<std::size_t>(count - got, 1u << 30));
    stream.next_out = reinterpret_cast<Bytef*>(to + got);
    stream.avail_out = room;
    const int answer = inflate(&stream, Z_NO_FLUSH);
    got += room - stream.avail_out;
    if (answer == Z_STREAM_END) {
      inflater_->in_member = false;
    } else if (answer != Z_OK && answer != Z_BUF_ERROR) {
      const std::string cause = stream.msg ? stream.msg : "it does not unpack";
      throw data_error(path_, "the gzip data is damaged: " + cause);
    }
  }
  return got;
}

std::string resolve_path(const std::string& directory, const std::string& path) {
  if (directory.empty() || directory == "." || (!path.empty() && path.front() == '/')) return path;
  return directory.back() == '/' ? directory + path : directory + "/" + path;
}

}  // namespace troupe
