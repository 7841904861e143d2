#include <algorithm>
#include <limits>

#include "troupe/optimizers/compression.hpp"

namespace troupe {

error_feedback::error_feedback(std::size_t parameters, bool kept)
    : kept_(kept), residual_(kept ? parameters : 0) {}

std::size_t error_feedback::encode(codec& with, std::size_t first, span<float> values,
                                   const codec_key& key, span<std::byte> out) {
  const std::size_t count = values.size();
  float* v = values.data();
  float* e = kept_ ? residual_.data() + first : nullptr;
  if (kept_) {
    // The residual holds v + e until it is known what of it travels.
    for (std::size_t i = 0; i < count; ++i) v[i] = e[i] += v[i];
  }
  const std::size_t bytes = with.encode(values, key, out);
  if (!with.decode({out.data(), bytes}, key, values)) {
    std::fill(v, v + count, std::numeric_limits<float>::quiet_NaN());  // the other side refuses it
  }
  if (kept_) {
    for (std::size_t i = 0; i < count; ++i) e[i] -= v[i];
  }
  return bytes;
}

void error_feedback::restore(std::size_t first, span<const float> sent) {
  if (!kept_) return;
  const std::size_t count = sent.size();
  const float* s = sent.data();
  float* e = residual_.data() + first;
  for (std::size_t i = 0; i < count; ++i) e[i] += s[i];
}

}  // namespace troupe
