// Block-wise linear quantisation to 8 bits: of each block of numbers
//
//   s = max |v| / 127 (a float),   q = round(v / s) in -127 .. 127,   read as q s.
//
// Wire: the scales of all blocks, then q, one byte a number.

#include <algorithm>
#include <cmath>
#include <limits>

#include "troupe/optimizers/codecs/bits.hpp"
#include "troupe/optimizers/compression.hpp"

namespace troupe {

namespace {

using limits = std::numeric_limits<float>;

constexpr float levels = 127;

/// The scale of a block whose largest magnitude this is; not a number where that is not finite.
float scale_for(std::uint32_t most) {
  if (most >= infinity_bits) return limits::quiet_NaN();
  const float largest = from_bits(most);
  float scale = largest / levels;
  // A subnormal scale is a coarse one: rounded down, it would leave the largest number beyond 127
  // steps.
  if (scale < limits::min() && scale * levels < largest) {
    scale = std::nextafter(scale, limits::infinity());
  }
  if (std::isinf(scale * levels)) scale = std::nextafter(scale, 0.0f);
  return scale;
}

std::uint32_t largest_magnitude(const float* v, std::size_t count) {
  std::uint32_t most = 0;
  for (std::size_t i = 0; i < count; ++i) most = std::max(most, magnitude(v[i]));
  return most;
}

/// `divisor` is neither 0 nor not finite.
void quantise(const float* v, std::size_t count, float divisor, std::int8_t* q) {
  // At 1.5 * 2^23 a float has steps of 1: the sum is rounded, to even from the middle, and its
  // lowest bits are the integer.
  constexpr float shift = 0x1.8p23f;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t sum = to_bits(v[i] / divisor + shift);
    q[i] = static_cast<std::int8_t>(static_cast<std::int32_t>(sum - 0x4b400000u));
  }
}

class linear : public codec {
 public:
  explicit linear(std::size_t block) : block_(block) {}

  std::size_t most_bytes(std::size_t count) const override {
    return sizeof(float) * blocks(count) + count;
  }

  std::size_t encode(span<const float> values, const codec_key&, span<std::byte> out) override {
    const std::size_t count = values.size();
    std::byte* scales = out.data();
    auto* q = reinterpret_cast<std::int8_t*>(out.data() + sizeof(float) * blocks(count));
    for (std::size_t at = 0; at < count; at += block_, scales += sizeof(float)) {
      const float* v = values.data() + at;
      const std::size_t here = std::min(block_, count - at);
      const float scale = scale_for(largest_magnitude(v, here));
      put(scales, scale);
      if (scale > 0) {
        quantise(v, here, scale, q + at);
      } else {
        std::fill_n(q + at, here, std::int8_t{0});  // all are 0, or one is not finite
      }
    }
    return most_bytes(count);
  }

  bool decode(span<const std::byte> bytes, const codec_key&, span<float> values) override {
    const std::size_t count = values.size();
    if (bytes.size() != most_bytes(count)) return false;
    const std::byte* scales = bytes.data();
    const auto* q =
        reinterpret_cast<const std::int8_t*>(bytes.data() + sizeof(float) * blocks(count));
    bool below = false;
    for (std::size_t at = 0; at < count; at += block_, scales += sizeof(float)) {
      float* v = values.data() + at;
      const std::int8_t* from = q + at;
      const std::size_t here = std::min(block_, count - at);
      const float scale = get<float>(scales);
      if (scale < 0) return false;
      int least = 0;
      for (std::size_t i = 0; i < here; ++i) {
        v[i] = static_cast<float>(from[i]) * scale;
        least = std::min<int>(least, from[i]);
      }
      below = below || least < -127;
    }
    return !below;
  }

 private:
  std::size_t blocks(std::size_t count) const { return (count + block_ - 1) / block_; }

  std::size_t block_;
};

}  // namespace

codec_entry int8_codec() {
  codec_entry entry;
  entry.name = "int8";
  entry.summary =
      "Every number is rounded to one of 255 steps between plus and minus the largest "
      "one of its block.";
  entry.source =
      "Dettmers, 8-bit approximations for parallelism in deep learning, ICLR 2016 (linear "
      "quantisation, here block by block)";
  entry.wire_size = "n + 4 ceil(n / block)";
  entry.error_bound = "half a step: the largest |v| of its block / 254";
  entry.options = {
      declare::integer("block", "numbers that share a scale", 256).at_least(16).at_most(65536)};
  entry.make = [](const settings& options) {
    return std::make_unique<linear>(static_cast<std::size_t>(options.integer("block")));
  };
  return entry;
}

}  // namespace troupe
