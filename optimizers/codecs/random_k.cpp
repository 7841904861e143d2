// Stich, Cordonnier, Jaggi, "Sparsified SGD with memory", NIPS 2018 (rand-k), with the places drawn
// apart: a slice is cut into k strata of consecutive numbers, equal to within one, and of each one
// number travels. Where the first stratum begins is drawn, too (the slice is closed to a ring), so
// that every number has the same chance, k / n, though strata are not all of one length.
//
// Both sides draw the same places, from the run's seed and the window's key: only the numbers
// travel, in the order of the strata, as they are. They are not scaled by n / k, as an unbiased
// estimate would be: error feedback sends the rest later, and would send it twice.

#include <algorithm>

#include "troupe/base/random.hpp"
#include "troupe/optimizers/codecs/bits.hpp"
#include "troupe/optimizers/codecs/sparse.hpp"
#include "troupe/optimizers/compression.hpp"

namespace troupe {

namespace {

class drawn : public codec {
 public:
  explicit drawn(double ratio) : ratio_(ratio) {}

  std::size_t most_bytes(std::size_t count) const override {
    return sizeof(float) * share_of(ratio_, count);
  }

  std::size_t encode(span<const float> values, const codec_key& key, span<std::byte> out) override {
    const float* v = values.data();
    std::byte* to = out.data();
    for_each_place(values.size(), key, [&](std::size_t place) {
      put(to, v[place]);
      to += sizeof(float);
    });
    return most_bytes(values.size());
  }

  bool decode(span<const std::byte> bytes, const codec_key& key, span<float> values) override {
    if (bytes.size() != most_bytes(values.size())) return false;
    float* v = values.data();
    std::fill(v, v + values.size(), 0.0f);
    const std::byte* from = bytes.data();
    for_each_place(values.size(), key, [&](std::size_t place) {
      v[place] = get<float>(from);
      from += sizeof(float);
    });
    return true;
  }

 private:
  template <class Function>
  void for_each_place(std::size_t count, const codec_key& key, Function f) {
    const std::size_t k = share_of(ratio_, count);
    if (k == 0) return;
    const std::uint64_t window = (std::uint64_t{key.epoch} << 32) | key.slice;
    words_.resize(k + 1);
    random_stream(key.seed, random_purpose::codec, window, key.position).words(0, words_);
    const std::size_t turn = scaled(words_[k], count);
    // count = k * whole + more: the stratum's start moves by `whole`, and by one more as often as
    // the remainders add up to k.
    const std::size_t whole = count / k, more = count % k;
    std::size_t start = 0, remainder = 0;
    for (std::size_t stratum = 0; stratum < k; ++stratum) {
      std::size_t length = whole;
      remainder += more;
      if (remainder >= k) {
        remainder -= k;
        ++length;
      }
      const std::size_t place = start + turn + scaled(words_[stratum], length);
      f(place < count ? place : place - count);
      start += length;
    }
  }

  /// Uniform in 0 .. bound - 1, from 32 random bits.
  static std::size_t scaled(std::uint32_t word, std::size_t bound) {
    return static_cast<std::size_t>((std::uint64_t{word} * bound) >> 32);
  }

  double ratio_;
  std::vector<std::uint32_t> words_;
};

}  // namespace

codec_entry random_k_codec() {
  codec_entry entry;
  entry.name = "random_k";
  entry.summary =
      "The share `ratio` of each slice's numbers, drawn anew for every commit, travels; unscaled, "
      "so "
      "that it needs error feedback to be right on average.";
  entry.source = "Stich, Cordonnier, Jaggi, Sparsified SGD with memory, NIPS 2018";
  entry.wire_size = "4 k with k = max(1, round(ratio n))";
  entry.error_bound = "0 for the k drawn ones, |v| for the others";
  entry.options = {declare::number("ratio", "share of a slice's numbers that travels", 0.01)
                       .above(0)
                       .at_most(1)};
  entry.make = [](const settings& options) {
    return std::make_unique<drawn>(options.number("ratio"));
  };
  return entry;
}

}  // namespace troupe
