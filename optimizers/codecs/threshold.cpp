// Strom, "Scalable distributed DNN training using commodity GPU cloud computing", Interspeech 2015:
// numbers of at least some magnitude travel, here with their values. Infinities and what is no
// number are larger than any.

#include <algorithm>
#include <limits>

#include "troupe/optimizers/codecs/bits.hpp"
#include "troupe/optimizers/codecs/sparse.hpp"
#include "troupe/optimizers/compression.hpp"

namespace troupe {

namespace {

class beyond : public codec {
 public:
  explicit beyond(float value) : least_(to_bits(value)) {}

  std::size_t most_bytes(std::size_t count) const override { return sparse_bytes(count, count); }

  std::size_t encode(span<const float> values, const codec_key&, span<std::byte> out) override {
    const std::size_t count = values.size();
    std::size_t chosen = 0;
    marks_.resize(words_for(count));
    for (std::size_t w = 0; w < marks_.size(); ++w) {
      const std::size_t here = std::min(word_bits, count - w * word_bits);
      marks_[w] = marks_at_least(values.data() + w * word_bits, here, least_);
      chosen += static_cast<std::size_t>(__builtin_popcountll(marks_[w]));
    }
    return write_sparse(values, marks_, chosen, out.data());
  }

  bool decode(span<const std::byte> bytes, const codec_key&, span<float> values) override {
    return read_sparse(bytes, values);
  }

 private:
  std::uint32_t least_;
  std::vector<std::uint64_t> marks_;
};

}  // namespace

codec_entry threshold_codec() {
  codec_entry entry;
  entry.name = "threshold";
  entry.summary = "Numbers of magnitude `value` or more travel.";
  entry.source =
      "Strom, Scalable distributed DNN training using commodity GPU cloud computing, Interspeech "
      "2015";
  entry.wire_size = "4 ceil(n / 65536) + min(2 k, ceil(n / 8)) + 4 k for the k numbers that travel";
  entry.error_bound = "0 from `value` on, |v| below: less than `value`";
  entry.options = {
      declare::number("value", "least magnitude that travels", 0.001).above(0).at_most(1e30)};
  entry.make = [](const settings& options) {
    const auto value = static_cast<float>(options.number("value"));
    return std::make_unique<beyond>(std::max(value, std::numeric_limits<float>::denorm_min()));
  };
  return entry;
}

}  // namespace troupe
