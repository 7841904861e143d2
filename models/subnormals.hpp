#pragma once

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace troupe {

/// While it lives, the calling thread's arithmetic takes numbers below 2^-126 for zero.
///
/// The moments of parameters whose gradient is zero for long (behind a dead unit, say) shrink into
/// that range, where processors are up to a hundred times slower: without this, training the
/// MNIST convnet with adam slows down to less than half of its speed within an epoch. A thread's
/// setting is restored, since the thread may be the caller's. Nothing on processors without SSE.
class subnormals_as_zero {
 public:
#if defined(__SSE__)
  subnormals_as_zero() noexcept : before_(_mm_getcsr()) {
    constexpr unsigned flush_results = 0x8000, zero_operands = 0x0040;
    _mm_setcsr(before_ | flush_results | zero_operands);
  }
  ~subnormals_as_zero() {
    _mm_setcsr(before_);
  }
#else
  subnormals_as_zero() noexcept {}
  ~subnormals_as_zero() {}
#endif
  subnormals_as_zero(const subnormals_as_zero&) = delete;
  subnormals_as_zero& operator=(const subnormals_as_zero&) = delete;

 private:
#if defined(__SSE__)
  unsigned before_;
#endif
};

}  // namespace troupe
