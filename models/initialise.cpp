#include "troupe/models/initialise.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace troupe {

namespace {

// Standard deviation of a standard normal number cut off at +-2.
constexpr double cut_deviation = 0.87962566103423978;

double variance(const parameter_block& block) {
  const bool he = block.initialiser == parameter_block::start::he_uniform ||
                  block.initialiser == parameter_block::start::he_normal;
  const auto fans = static_cast<double>(he ? block.fan_in : block.fan_in + block.fan_out);
  return 2.0 / std::max(fans, 1.0);
}

void uniform(double limit, const random_stream& stream, std::size_t count, float* out) {
  std::uint32_t words[1024];
  const auto width = static_cast<float>(2 * limit);
  for (std::size_t done = 0; done < count;) {
    const std::size_t part = std::min<std::size_t>(count - done, 1024);
    stream.words(done, {words, part});
    for (std::size_t i = 0; i < part; ++i) {
      // 24 bits at the middle of their step, so that the mean is exactly zero.
      const float share = (static_cast<float>(words[i] >> 8) + 0.5f) * 0x1p-24f;
      out[done + i] = (share - 0.5f) * width;
    }
    done += part;
  }
}

void cut_normal(double deviation, const random_stream& stream, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t index = i;
    double number = stream.normal(index);
    while (std::abs(number) > 2.0) number = stream.normal(index += count);
    out[i] = static_cast<float>(number * deviation);
  }
}

}  // namespace

void initialise(const parameter_block& block, const random_stream& stream, float* out) {
  using start = parameter_block::start;
  switch (block.initialiser) {
    case start::zeros:
      std::fill_n(out, block.count, 0.0f);
      break;
    case start::ones:
      std::fill_n(out, block.count, 1.0f);
      break;
    case start::glorot_uniform:
    case start::he_uniform:
      uniform(std::sqrt(3.0 * variance(block)), stream, block.count, out);
      break;
    case start::glorot_normal:
    case start::he_normal:
      cut_normal(std::sqrt(variance(block)) / cut_deviation, stream, block.count, out);
      break;
  }
}

}  // namespace troupe
