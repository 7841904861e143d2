#include <algorithm>

#include "troupe/optimizers/compression.hpp"

namespace troupe {

error_feedback::error_feedback(std::size_t parameters, bool kept)
    : kept_(kept), residual_(kept ? parameters : 0) {}

std::size_t error_feedback::encode(codec& with, std::size_t first, span<float> values,
                                   const codec_key& key, span<std::byte> out) {
  const std::size_t count = values.size();
  float* v = values.data();
  if (kept_) {
    const float* e = residual_.data() + first;
    for (std::size_t i = 0; i < count; ++i) v[i] += e[i];
    whole_.assign(v, v + count);
  }
  const std::size_t bytes = with.encode(values, key, out);
  with.decode({out.data(), bytes}, key, values);
  if (kept_) {
    float* e = residual_.data() + first;
    for (std::size_t i = 0; i < count; ++i) e[i] = whole_[i] - v[i];
  }
  return bytes;
}

void error_feedback::restore(std::size_t first, span<const float> sent) {
  if (!kept_) return;
  float* e = residual_.data() + first;
  for (std::size_t i = 0; i < sent.size(); ++i) e[i] += sent[i];
}

}  // namespace troupe
