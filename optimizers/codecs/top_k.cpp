// Aji, Heafield, "Sparse communication for distributed gradient descent", EMNLP 2017: of each slice
// only the k numbers of largest magnitude travel. Of equal ones the first are taken.
//
// The k-th largest magnitude is found by its bits, from the highest: magnitudes are counted by
// their first 11 bits, those that share the first 11 bits of the k-th by the next 10, and so on.
// That takes time in proportion to n whatever the numbers are. Infinities and what is no number are
// the largest of all, and so travel.

#include <algorithm>
#include <array>

#include "troupe/optimizers/codecs/bits.hpp"
#include "troupe/optimizers/codecs/sparse.hpp"
#include "troupe/optimizers/compression.hpp"

namespace troupe {

namespace {

constexpr unsigned first_shift = 20, second_shift = 10;
constexpr std::size_t buckets = 2048;

/// How many magnitudes there are by some of their bits. Neighbours are counted in tables of their
/// own: equal ones would wait for each other.
class histogram {
 public:
  template <class Bucket>
  void count(std::size_t number, Bucket bucket) {
    for (auto& table : tables_) table.fill(0);
    std::size_t i = 0;
    for (; i + 4 <= number; i += 4) {
      ++tables_[0][bucket(i)];
      ++tables_[1][bucket(i + 1)];
      ++tables_[2][bucket(i + 2)];
      ++tables_[3][bucket(i + 3)];
    }
    for (; i < number; ++i) ++tables_[0][bucket(i)];
  }

  /// The bucket of the k-th largest; k becomes its rank from the top within it.
  std::size_t of_rank(std::size_t& k) const {
    for (std::size_t b = buckets; b-- > 0;) {
      const std::size_t here =
          std::size_t{tables_[0][b]} + tables_[1][b] + tables_[2][b] + tables_[3][b];
      if (k <= here) return b;
      k -= here;
    }
    return 0;
  }

 private:
  std::array<std::array<std::uint32_t, buckets>, 4> tables_;
};

bool all_equal(const std::vector<std::uint32_t>& sizes) {
  std::uint32_t differing = 0;
  for (const std::uint32_t size : sizes) differing |= size ^ sizes.front();
  return differing == 0;
}

class largest : public codec {
 public:
  explicit largest(double ratio) : ratio_(ratio) {}

  std::size_t most_bytes(std::size_t count) const override {
    return sparse_bytes(count, share_of(ratio_, count));
  }

  std::size_t encode(span<const float> values, const codec_key&, span<std::byte> out) override {
    const std::size_t count = values.size(), k = share_of(ratio_, count);
    if (count == 0) return 0;
    mark(values, k);
    return write_sparse(values, marks_, k, out.data());
  }

  bool decode(span<const std::byte> bytes, const codec_key&, span<float> values) override {
    const std::size_t count = values.size();
    return sparse_chosen(bytes, count) == share_of(ratio_, count) && read_sparse(bytes, values);
  }

 private:
  /// The k-th largest magnitude; `rank` becomes its rank among those equal to it, in any order.
  std::uint32_t select(span<const float> values, std::size_t& rank) {
    const float* v = values.data();
    const std::size_t count = values.size();
    counted_.count(count, [v](std::size_t i) { return magnitude(v[i]) >> first_shift; });
    const auto top = static_cast<std::uint32_t>(counted_.of_rank(rank));
    gather(values, top << first_shift, (top + 1) << first_shift);
    if (all_equal(near_)) return near_.front();  // of zeros, say: no need to count them

    constexpr std::uint32_t ten = 1023;
    counted_.count(near_.size(),
                   [this](std::size_t i) { return (near_[i] >> second_shift) & ten; });
    const auto middle = static_cast<std::uint32_t>(counted_.of_rank(rank));
    const std::uint32_t upper = (top << (first_shift - second_shift)) | middle;
    std::size_t left = 0;
    for (const std::uint32_t size : near_) {
      near_[left] = size;
      left += (size >> second_shift) == upper ? 1 : 0;
    }
    counted_.count(left, [this](std::size_t i) { return near_[i] & ten; });
    return (upper << second_shift) | static_cast<std::uint32_t>(counted_.of_rank(rank));
  }

  /// Takes the magnitudes in [least, end) into near_.
  void gather(span<const float> values, std::uint32_t least, std::uint32_t end) {
    near_.clear();
    for (std::size_t at = 0; at < values.size(); at += word_bits) {
      const float* v = values.data() + at;
      const std::size_t here = std::min(word_bits, values.size() - at);
      std::uint64_t marks = marks_at_least(v, here, least) & ~marks_at_least(v, here, end);
      for (; marks != 0; marks &= marks - 1) near_.push_back(magnitude(v[__builtin_ctzll(marks)]));
    }
  }

  /// Marks the k largest.
  void mark(span<const float> values, std::size_t k) {
    const std::size_t count = values.size();
    std::size_t equal = k;
    const std::uint32_t kth = select(values, equal);
    marks_.resize(words_for(count));
    for (std::size_t w = 0; w < marks_.size(); ++w) {
      const float* v = values.data() + w * word_bits;
      const std::size_t here = std::min(word_bits, count - w * word_bits);
      marks_[w] = marks_at_least(v, here, kth + 1);
      if (equal == 0) continue;
      std::uint64_t ties = marks_at_least(v, here, kth) & ~marks_[w];
      for (; ties != 0 && equal > 0; ties &= ties - 1, --equal) marks_[w] |= ties & (~ties + 1);
    }
  }

  double ratio_;
  histogram counted_;
  std::vector<std::uint32_t> near_;  // magnitudes that share the first bits of the k-th largest
  std::vector<std::uint64_t> marks_;
};

}  // namespace

codec_entry top_k_codec() {
  codec_entry entry;
  entry.name = "top_k";
  entry.summary = "The share `ratio` of each slice's numbers, those of largest magnitude, travels.";
  entry.source = "Aji, Heafield, Sparse communication for distributed gradient descent, EMNLP 2017";
  entry.wire_size =
      "4 ceil(n / 65536) + min(2 k, ceil(n / 8)) + 4 k with k = max(1, round(ratio n))";
  entry.error_bound = "0 for the k largest, |v| for the others: at most the k-th largest |v|";
  entry.options = {declare::number("ratio", "share of a slice's numbers that travels", 0.01)
                       .above(0)
                       .at_most(1)};
  entry.make = [](const settings& options) {
    return std::make_unique<largest>(options.number("ratio"));
  };
  return entry;
}

}  // namespace troupe
