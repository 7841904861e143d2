#include "troupe/optimizers/codecs/half.hpp"
#include "troupe/optimizers/compression.hpp"

namespace troupe {

namespace {

class half_precision : public codec {
 public:
  std::size_t most_bytes(std::size_t count) const override { return 2 * count; }
  std::size_t encode(span<const float> values, const codec_key&, span<std::byte> out) override {
    halves_from_floats(values, out.data());
    return most_bytes(values.size());
  }
  bool decode(span<const std::byte> bytes, const codec_key&, span<float> values) override {
    if (bytes.size() != most_bytes(values.size())) return false;
    floats_from_halves(bytes.data(), values);
    return true;
  }
};

}  // namespace

codec_entry float16_codec() {
  codec_entry entry;
  entry.name = "float16";
  entry.summary =
      "Every number is rounded to 16 bits, 11 of them significant; beyond 65504 it becomes 65504.";
  entry.source = "IEEE 754, binary16";
  entry.wire_size = "2 n";
  entry.error_bound = "max(|v| / 2048, 2^-25) for |v| <= 65504, else |v| - 65504";
  entry.rounds_only = true;
  entry.make = [](const settings&) { return std::make_unique<half_precision>(); };
  return entry;
}

}  // namespace troupe
