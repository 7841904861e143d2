#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "troupe/base/random.hpp"
#include "troupe/models/layer.hpp"
#include "troupe/models/layers/builtin.hpp"

namespace troupe::testing {

/// Uniform numbers in [-scale, scale].
inline std::vector<float> random_floats(std::size_t count, std::uint64_t seed, float scale = 1) {
  const random_stream stream(seed, random_purpose::test);
  std::vector<float> out(count);
  for (std::size_t i = 0; i < count; ++i) out[i] = (2 * stream.uniform(i) - 1) * scale;
  return out;
}

inline std::int64_t whole(std::int64_t value) {
  return value;
}
inline std::string word(const char* text) {
  return text;
}

inline std::unique_ptr<layer> make_layer(const std::string& kind, const settings& options,
                                         const shape& input) {
  const registry<layer_entry> all = builtin_layers();
  const layer_entry& entry = all.at(kind, "test", "layer");
  const auto place = [](const std::string& option) { return "test." + option; };
  return entry.make(resolve(entry.options, options, place, kind), input);
}

inline std::size_t count(const std::vector<parameter_block>& blocks) {
  std::size_t sum = 0;
  for (const parameter_block& block : blocks) sum += block.count;
  return sum;
}

}  // namespace troupe::testing
