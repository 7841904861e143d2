#include "peak.hpp"

#include <algorithm>
#include <cstddef>

#include "timing.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace troupe::bench {

namespace {

// Enough sums of their own to hide the latency of 4 or 5 cycles at two multiply-adds a cycle.
constexpr std::size_t sums = 12, rounds = 20000;
volatile float sink;

#if defined(__x86_64__)

__attribute__((target("avx2,fma"))) double multiply_add_256() {
  __m256 sum[sums];
  for (auto& s : sum) s = _mm256_setzero_ps();
  const __m256 a = _mm256_set1_ps(0.5f), b = _mm256_set1_ps(0.25f);
  for (std::size_t i = 0; i < rounds; ++i) {
    for (auto& s : sum) s = _mm256_fmadd_ps(s, a, b);
  }
  for (const auto& s : sum) sink = _mm256_cvtss_f32(s);
  return 2.0 * 8 * sums * rounds;
}

__attribute__((target("avx512f"))) double multiply_add_512() {
  __m512 sum[sums];
  for (auto& s : sum) s = _mm512_setzero_ps();
  const __m512 a = _mm512_set1_ps(0.5f), b = _mm512_set1_ps(0.25f);
  for (std::size_t i = 0; i < rounds; ++i) {
    for (auto& s : sum) s = _mm512_fmadd_ps(s, a, b);
  }
  for (const auto& s : sum) sink = _mm512_cvtss_f32(s);
  return 2.0 * 16 * sums * rounds;
}

#endif

double multiply_add() {
  float sum[sums * 8] = {};
  for (std::size_t i = 0; i < rounds; ++i) {
    for (float& s : sum) s = s * 0.5f + 0.25f;
  }
  for (const float s : sum) sink = s;
  return 2.0 * 8 * sums * rounds;
}

double rate(double (*work)(), double seconds) {
  double operations = 0, took = 0;
  const auto start = ticks::now();
  do {
    operations += work();
    took = seconds_since(start);
  } while (took < seconds);
  return operations / took / 1e9;
}

}  // namespace

double fma_peak(double seconds) {
#if defined(__x86_64__)
  double best = 0;
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx2) best = rate(multiply_add_256, seconds / 2);
  if (__builtin_cpu_supports("avx512f")) {
    best = std::max(best, rate(multiply_add_512, seconds / 2));
  }
  if (best > 0) return best;
#endif
  return rate(multiply_add, seconds);
}

}  // namespace troupe::bench
