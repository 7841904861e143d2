#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <vector>

#include "troupe/base/span.hpp"

namespace troupe {

/// The one parameter vector that all workers of `hogwild` train at the same time, without locks:
/// the only mutable state that threads share in Troupe. Each component is read and written on its
/// own, relaxed; adding is a load and a store, so an update of another thread that falls in between
/// is lost (Niu et al., "Hogwild!", NIPS 2011: with sparse or small updates that does no harm).
/// All functions may be called from any thread.
class shared_parameters {
 public:
  /// `count` zeros.
  explicit shared_parameters(std::size_t count) : values_(count) {}

  std::size_t size() const noexcept { return values_.size(); }

  /// Sets all components, the first time it is called; a worker that starts later must not undo
  /// what the others have trained. x has size() numbers.
  void start(span<const float> x);

  /// Copies the components from `first` on. While others add, this is no snapshot: neighbours may
  /// be of different ages.
  void load(std::size_t first, span<float> out) const;

  /// Adds to the components from `first` on; those with an update of 0 are not touched.
  void add(std::size_t first, span<const float> update);

 private:
  static_assert(std::atomic<float>::is_always_lock_free);
  std::vector<std::atomic<float>> values_;
  std::once_flag started_;
};

}  // namespace troupe
