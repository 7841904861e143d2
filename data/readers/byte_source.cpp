#include "troupe/data/readers/byte_source.hpp"

#include <fcntl.h>
#include <isa-l/igzip_lib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "troupe/base/error.hpp"

namespace troupe {

namespace {

constexpr std::size_t inflate_buffer = 1 << 18;
/// Deflate makes at most 258 bytes of 2 bits.
constexpr std::uint64_t most_inflation = 1032;

std::string cause_of(int answer) {
  switch (answer) {
    case ISAL_INVALID_BLOCK:
      return "invalid block";
    case ISAL_INVALID_SYMBOL:
      return "invalid code";
    case ISAL_INVALID_LOOKBACK:
      return "invalid distance too far back";
    case ISAL_INVALID_WRAPPER:
      return "incorrect header";
    case ISAL_UNSUPPORTED_METHOD:
      return "unknown compression method";
    case ISAL_INCORRECT_CHECKSUM:
      return "incorrect data check";
  }
  return "it does not unpack";
}

}  // namespace

struct byte_source::inflater {
  enum class place { header, data, between };

  inflate_state stream{};
  isal_gzip_header header{};
  std::vector<std::byte> input = std::vector<std::byte>(inflate_buffer);
  place at = place::header;

  inflater() {
    isal_inflate_init(&stream);
    next_member();
  }
  /// As many bytes of `input` are to be unpacked.
  void give(std::size_t count) {
    stream.next_in = reinterpret_cast<std::uint8_t*>(input.data());
    stream.avail_in = static_cast<std::uint32_t>(count);
  }
  void next_member() {
    isal_inflate_reset(&stream);
    isal_gzip_header_init(&header);
    header.flags = 0;
    stream.crc_flag = ISAL_GZIP_NO_HDR_VER;
    at = place::header;
  }
  /// Reads a header, which may come in pieces, or data. Negative: something is wrong.
  int step() {
    if (at == place::data) {
      const int answer = isal_inflate(&stream);
      if (stream.block_state == ISAL_BLOCK_FINISH) at = place::between;
      return answer;
    }
    const int answer = isal_read_gzip_header(&stream, &header);
    if (answer == ISAL_DECOMP_OK) at = place::data;
    return answer;
  }
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
      inflater_ = std::make_unique<inflater>();
      std::copy(sniffed_.begin(), sniffed_.end(), inflater_->input.begin());
      inflater_->give(sniffed_.size());
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

std::uint64_t byte_source::likely_bytes() const noexcept {
  if (!compressed()) return file_size_;
  // The last four bytes: the size modulo 2^32.
  std::uint8_t size[4] = {};
  const auto at = static_cast<off_t>(file_size_ - std::min<std::uint64_t>(file_size_, 4));
  if (::pread(file_, size, 4, at) != 4) return 0;
  std::uint64_t bytes = 0;
  for (int i = 3; i >= 0; --i) bytes = bytes << 8 | size[i];
  return std::min(bytes, most_bytes());
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
  if (inflater_->stream.avail_in > 0) return true;
  const std::size_t got = read_file(inflater_->input.data(), inflater_->input.size());
  inflater_->give(got);
  return got > 0;
}

std::size_t byte_source::read_inflated(std::byte* to, std::size_t count) {
  using place = inflater::place;
  inflate_state& stream = inflater_->stream;
  std::size_t got = 0;
  while (got < count) {
    const bool more = refill();
    if (inflater_->at == place::between) {
      if (!more) break;
      // Writers on tapes pad with zeros.
      if (*stream.next_in == 0) {
        ++stream.next_in;
        --stream.avail_in;
        continue;
      }
      if (*stream.next_in != 0x1f) throw data_error(path_, "other bytes follow the gzip data");
      inflater_->next_member();
    }
    const auto room = static_cast<std::uint32_t>(std::min<std::size_t>(count - got, 1u << 30));
    stream.next_out = reinterpret_cast<std::uint8_t*>(to + got);
    stream.avail_out = room;
    const place before = inflater_->at;
    const int answer = inflater_->step();
    const std::uint32_t made = room - stream.avail_out;
    got += made;
    if (answer < 0) throw data_error(path_, "the gzip data is damaged: " + cause_of(answer));
    // Without input, what is left of the data may still come.
    if (!more && made == 0 && inflater_->at == before) {
      throw data_error(path_, "the gzip data is cut short");
    }
  }
  return got;
}

std::string resolve_path(const std::string& directory, const std::string& path) {
  if (directory.empty() || directory == "." || (!path.empty() && path.front() == '/')) return path;
  return directory.back() == '/' ? directory + path : directory + "/" + path;
}

}  // namespace troupe
