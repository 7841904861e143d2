#include "troupe/optimizers/codecs/half.hpp"
#include "troupe/optimizers/compression.hpp"

namespace troupe {

namespace {

class upper_halves : public codec {
 public:
  std::size_t most_bytes(std::size_t count) const override { return 2 * count; }
  std::size_t encode(span<const float> values, const codec_key&, span<std::byte> out) override {
    const float* v = values.data();
    std::byte* to = out.data();
    const std::size_t count = values.size();
    for (std::size_t i = 0; i < count; ++i) put(to + 2 * i, bfloat_from_float(v[i]));
    return most_bytes(count);
  }
  bool decode(span<const std::byte> bytes, const codec_key&, span<float> values) override {
    if (bytes.size() != most_bytes(values.size())) return false;
    const std::byte* from = bytes.data();
    float* v = values.data();
    const std::size_t count = values.size();
    for (std::size_t i = 0; i < count; ++i) {
      v[i] = float_from_bfloat(get<std::uint16_t>(from + 2 * i));
    }
    return true;
  }
};

}  // namespace

codec_entry bfloat16_codec() {
  codec_entry entry;
  entry.name = "bfloat16";
  entry.summary = "Every number is rounded to 16 bits, 8 of them significant, of a float's range.";
  entry.source =
      "Kalamkar et al., A study of bfloat16 for deep learning training, 2019 (arXiv:1905.12322)";
  entry.wire_size = "2 n";
  entry.error_bound = "max(|v| / 256, 2^-134)";
  entry.rounds_only = true;
  entry.make = [](const settings&) { return std::make_unique<upper_halves>(); };
  return entry;
}

}  // namespace troupe
