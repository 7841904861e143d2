#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "troupe/base/random.hpp"
#include "troupe/optimizers/compression.hpp"

namespace troupe::testing {

using wire_bytes = std::vector<std::byte>;

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float largest_float = std::numeric_limits<float>::max();
constexpr float smallest_float = std::numeric_limits<float>::denorm_min();

/// The codec called `name`, its options resolved.
inline std::unique_ptr<codec> codec_for(const std::string& name, const settings& options = {}) {
  static const registry<codec_entry> known = builtin_codecs();
  const codec_entry& entry = known.at(name, "", "compression");
  return entry.make(resolve(entry.options, options, {}, name));
}

inline codec_key key_of(std::uint64_t position, std::uint32_t slice = 3) {
  return {11, 2, position, slice};
}

/// What `values` are on the wire.
inline wire_bytes encoded(codec& with, const std::vector<float>& values, const codec_key& key) {
  wire_bytes out(with.most_bytes(values.size()));
  out.resize(with.encode(values, key, out));
  return out;
}

/// What the other side reads; numbers that it left alone stay `untouched`.
inline std::vector<float> decoded(codec& with, const wire_bytes& bytes, std::size_t count,
                                  const codec_key& key, bool& taken) {
  std::vector<float> out(count);
  const std::uint32_t untouched = 0x7fc0dead;
  for (float& x : out) std::memcpy(&x, &untouched, sizeof x);
  taken = with.decode(bytes, key, out);
  return out;
}

inline bool untouched(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits == 0x7fc0dead;
}

/// There and back.
inline std::vector<float> passed(codec& with, const std::vector<float>& values,
                                 const codec_key& key = key_of(0)) {
  bool taken = false;
  std::vector<float> out = decoded(with, encoded(with, values, key), values.size(), key, taken);
  if (!taken) out.assign(values.size(), nan_value);
  return out;
}

inline bool all_bounded(const std::vector<float>& values) {
  for (const float x : values) {
    if (!std::isfinite(x)) return false;
  }
  return true;
}

inline std::vector<float> normal_slice(std::size_t count, std::uint64_t seed, double scale = 1) {
  const random_stream stream(seed, random_purpose::test);
  std::vector<float> out(count);
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<float>(scale * stream.normal(i));
  return out;
}

/// Slices of all kinds, by what is special about them.
inline const std::vector<std::pair<std::string, std::vector<float>>>& all_slices() {
  static const std::vector<std::pair<std::string, std::vector<float>>> all = [] {
    std::vector<std::pair<std::string, std::vector<float>>> out;
    out.emplace_back("none", std::vector<float>{});
    out.emplace_back("a single one", std::vector<float>{-0.75f});
    out.emplace_back("a single 0", std::vector<float>{0.0f});
    for (const std::size_t count : {2, 7, 8, 9, 17, 63, 64, 65, 255, 257, 1000}) {
      out.emplace_back(std::to_string(count), normal_slice(count, count));
    }
    out.emplace_back("a whole slice", normal_slice(65536, 1));
    out.emplace_back("a number more than a block", normal_slice(65537, 2));
    out.emplace_back("three blocks", normal_slice(2 * 65536 + 100, 3, 0.01));
    out.emplace_back("all 0", std::vector<float>(300, 0.0f));
    out.emplace_back("all -0", std::vector<float>(300, -0.0f));
    out.emplace_back("all equal", std::vector<float>(300, 0.1f));
    out.emplace_back("all equal and negative", std::vector<float>(300, -3.0f));
    out.emplace_back("tiny", normal_slice(300, 4, 1e-30));
    out.emplace_back("huge", normal_slice(300, 5, 1e37));
    out.emplace_back("beyond a half", normal_slice(300, 6, 60000));
    std::vector<float> most(300, largest_float), steps(300), decay = normal_slice(5000, 7);
    for (std::size_t i = 0; i < most.size(); i += 3) most[i] = -largest_float;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      steps[i] = smallest_float * static_cast<float>(static_cast<int>(i * i % 401) - 200);
    }
    for (std::size_t i = 0; i < decay.size(); ++i) decay[i] /= static_cast<float>(1 + i);
    out.emplace_back("the largest there are", most);
    out.emplace_back("subnormal", steps);
    out.emplace_back("the smallest there are", std::vector<float>(20, smallest_float));
    out.emplace_back("of falling scale", decay);
    return out;
  }();
  return all;
}

}  // namespace troupe::testing
