#include "troupe/optimizers/shared_parameters.hpp"

#include <stdexcept>

namespace troupe {

namespace {

void check(std::size_t first, std::size_t count, std::size_t size) {
  if (first > size || count > size - first) {
    throw std::logic_error("shared parameters: out of range");
  }
}

}  // namespace

void shared_parameters::start(span<const float> x) {
  check(0, x.size(), size());
  std::call_once(started_, [&] {
    const float* from = x.data();
    for (std::size_t i = 0; i < x.size(); ++i) {
      values_[i].store(from[i], std::memory_order_relaxed);
    }
  });
}

void shared_parameters::load(std::size_t first, span<float> out) const {
  check(first, out.size(), size());
  const std::atomic<float>* from = values_.data() + first;
  float* to = out.data();
  for (std::size_t i = 0; i < out.size(); ++i) to[i] = from[i].load(std::memory_order_relaxed);
}

void shared_parameters::add(std::size_t first, span<const float> update) {
  check(first, update.size(), size());
  std::atomic<float>* to = values_.data() + first;
  const float* u = update.data();
  for (std::size_t i = 0; i < update.size(); ++i) {
    if (u[i] == 0.0f) continue;
    to[i].store(to[i].load(std::memory_order_relaxed) + u[i], std::memory_order_relaxed);
  }
}

}  // namespace troupe
