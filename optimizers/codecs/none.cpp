#include <cstring>

#include "troupe/optimizers/compression.hpp"

namespace troupe {

namespace {

class plain : public codec {
 public:
  std::size_t most_bytes(std::size_t count) const override { return count * sizeof(float); }
  std::size_t encode(span<const float> values, const codec_key&, span<std::byte> out) override {
    if (!values.empty()) std::memcpy(out.data(), values.data(), most_bytes(values.size()));
    return most_bytes(values.size());
  }
  bool decode(span<const std::byte> bytes, const codec_key&, span<float> values) override {
    if (bytes.size() != most_bytes(values.size())) return false;
    if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    return true;
  }
};

}  // namespace

codec_entry none_codec() {
  codec_entry entry;
  entry.name = "none";
  entry.summary = "Every number travels as a float of 32 bits.";
  entry.source = "IEEE 754";
  entry.wire_size = "4 n";
  entry.error_bound = "0";
  entry.rounds_only = entry.lossless = true;
  entry.make = [](const settings&) { return std::make_unique<plain>(); };
  return entry;
}

}  // namespace troupe
