// Seide et al., "1-bit stochastic gradient descent and its application to data-parallel distributed
// training of speech DNNs", Interspeech 2014: of each number its sign, of each slice the mean of
// the numbers that are not negative and the mean of those that are.
//
// Wire: the two means as floats, then a bit a number, 1 for a negative one, the first one lowest;
// bits that are left over are 0. What is no number counts as not negative and spoils that mean.

#include <array>

#include "troupe/optimizers/codecs/bits.hpp"
#include "troupe/optimizers/compression.hpp"

namespace troupe {

namespace {

constexpr std::size_t header = 2 * sizeof(float);

/// Sums are kept apart by position modulo 8, so that they can be formed eight at a time and are the
/// same on every processor; in double, so that they cannot overflow.
struct sums {
  std::array<double, 8> positive{}, negative{};

  void add(const float* v, std::size_t count) {
    const std::size_t whole = count / 8 * 8;
#ifdef __AVX2__
    const __m256 zero = _mm256_setzero_ps();
    __m256d plus_low = _mm256_loadu_pd(positive.data()),
            minus_low = _mm256_loadu_pd(negative.data());
    __m256d plus_high = _mm256_loadu_pd(positive.data() + 4);
    __m256d minus_high = _mm256_loadu_pd(negative.data() + 4);
    for (std::size_t i = 0; i < whole; i += 8) {
      const __m256 x = _mm256_loadu_ps(v + i);
      const __m256 below = _mm256_cmp_ps(x, zero, _CMP_LT_OQ);
      const __m256 plus = _mm256_andnot_ps(below, x), minus = _mm256_and_ps(below, x);
      plus_low = _mm256_add_pd(plus_low, _mm256_cvtps_pd(_mm256_castps256_ps128(plus)));
      plus_high = _mm256_add_pd(plus_high, _mm256_cvtps_pd(_mm256_extractf128_ps(plus, 1)));
      minus_low = _mm256_add_pd(minus_low, _mm256_cvtps_pd(_mm256_castps256_ps128(minus)));
      minus_high = _mm256_add_pd(minus_high, _mm256_cvtps_pd(_mm256_extractf128_ps(minus, 1)));
    }
    _mm256_storeu_pd(positive.data(), plus_low);
    _mm256_storeu_pd(positive.data() + 4, plus_high);
    _mm256_storeu_pd(negative.data(), minus_low);
    _mm256_storeu_pd(negative.data() + 4, minus_high);
#else
    for (std::size_t i = 0; i < whole; i += 8) {
      for (std::size_t lane = 0; lane < 8; ++lane) {
        const float x = v[i + lane];
        positive[lane] += x < 0 ? 0.0f : x;
        negative[lane] += x < 0 ? x : 0.0f;
      }
    }
#endif
    for (std::size_t i = whole; i < count; ++i) {
      positive[i - whole] += v[i] < 0 ? 0.0f : v[i];
      negative[i - whole] += v[i] < 0 ? v[i] : 0.0f;
    }
  }
};

float mean(const std::array<double, 8>& parts, std::size_t count) {
  double sum = 0;
  for (const double part : parts) sum += part;
  return count == 0 ? 0.0f : static_cast<float>(sum / static_cast<double>(count));
}

/// `negative` where the bit is 1.
void expand(const std::byte* bits, std::size_t count, float positive, float negative, float* v) {
  const std::size_t whole = count / 8;
#ifdef __AVX2__
  const __m256 plus = _mm256_set1_ps(positive), minus = _mm256_set1_ps(negative);
  const __m256i one_of_eight = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  for (std::size_t i = 0; i < whole; ++i) {
    const __m256i byte = _mm256_set1_epi32(static_cast<int>(bits[i]));
    const __m256i set = _mm256_cmpeq_epi32(_mm256_and_si256(byte, one_of_eight), one_of_eight);
    _mm256_storeu_ps(v + 8 * i, _mm256_blendv_ps(plus, minus, _mm256_castsi256_ps(set)));
  }
#else
  for (std::size_t i = 0; i < whole; ++i) {
    const unsigned byte = static_cast<unsigned>(bits[i]);
    for (unsigned bit = 0; bit < 8; ++bit) v[8 * i + bit] = (byte >> bit) & 1 ? negative : positive;
  }
#endif
  for (std::size_t i = 8 * whole; i < count; ++i) {
    v[i] = (static_cast<unsigned>(bits[whole]) >> (i % 8)) & 1 ? negative : positive;
  }
}

class signs : public codec {
 public:
  std::size_t most_bytes(std::size_t count) const override {
    return header + bytes_for_bits(count);
  }

  std::size_t encode(span<const float> values, const codec_key&, span<std::byte> out) override {
    const float* v = values.data();
    const std::size_t count = values.size();
    std::size_t below = 0;
    for (std::size_t at = 0; at < count; at += word_bits) {
      const std::size_t here = count - at < word_bits ? count - at : word_bits;
      const std::uint64_t marks = marks_negative(v + at, here);
      below += static_cast<std::size_t>(__builtin_popcountll(marks));
      std::memcpy(out.data() + header + at / 8, &marks, bytes_for_bits(here));
    }
    sums both;
    both.add(v, count);
    put(out.data(), mean(both.positive, count - below));
    put(out.data() + sizeof(float), mean(both.negative, below));
    return most_bytes(count);
  }

  bool decode(span<const std::byte> bytes, const codec_key&, span<float> values) override {
    const std::size_t count = values.size();
    if (bytes.size() != most_bytes(count)) return false;
    const float positive = get<float>(bytes.data());
    const float negative = get<float>(bytes.data() + sizeof(float));
    if (positive < 0 || negative > 0) return false;
    const std::byte* bits = bytes.data() + header;
    if (count % 8 != 0 && (static_cast<unsigned>(bits[count / 8]) >> (count % 8)) != 0)
      return false;
    expand(bits, count, positive, negative, values.data());
    return true;
  }
};

}  // namespace

codec_entry one_bit_codec() {
  codec_entry entry;
  entry.name = "one_bit";
  entry.summary =
      "Every number becomes the mean of its slice's numbers that are negative, or of those that "
      "are not.";
  entry.source =
      "Seide et al., 1-bit stochastic gradient descent and its application to data-parallel "
      "distributed training of speech DNNs, Interspeech 2014";
  entry.wire_size = "8 + ceil(n / 8)";
  entry.error_bound =
      "its distance from the mean of its sign; at most the largest |v| of its slice";
  entry.make = [](const settings&) { return std::make_unique<signs>(); };
  return entry;
}

}  // namespace troupe
