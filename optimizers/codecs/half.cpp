#include "troupe/optimizers/codecs/half.hpp"

#ifdef __F16C__
#include <immintrin.h>
#endif

namespace troupe {

void halves_from_floats_portable(span<const float> values, std::byte* out) noexcept {
  const float* v = values.data();
  const std::size_t count = values.size();
  for (std::size_t i = 0; i < count; ++i) put(out + 2 * i, half_from_float(v[i]));
}

void floats_from_halves_portable(const std::byte* bytes, span<float> values) noexcept {
  float* v = values.data();
  const std::size_t count = values.size();
  for (std::size_t i = 0; i < count; ++i) {
    v[i] = float_from_half(get<std::uint16_t>(bytes + 2 * i));
  }
}

#if defined(__F16C__) && defined(__AVX2__)

void halves_from_floats(span<const float> values, std::byte* out) noexcept {
  const float* v = values.data();
  const std::size_t count = values.size(), whole = count / 8 * 8;
  const __m256 most = _mm256_set1_ps(65504.0f), least = _mm256_set1_ps(-65504.0f);
  for (std::size_t i = 0; i < whole; i += 8) {
    const __m256 x = _mm256_loadu_ps(v + i);
    const __m256 clamped = _mm256_max_ps(_mm256_min_ps(x, most), least);
    const __m256 none = _mm256_sub_ps(x, x);  // not a number exactly where x is not finite
    const __m256 wild = _mm256_cmp_ps(none, none, _CMP_UNORD_Q);
    const __m256 taken = _mm256_blendv_ps(clamped, x, wild);
    const __m128i halves = _mm256_cvtps_ph(taken, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 2 * i), halves);
  }
  for (std::size_t i = whole; i < count; ++i) put(out + 2 * i, half_from_float(v[i]));
}

void floats_from_halves(const std::byte* bytes, span<float> values) noexcept {
  float* v = values.data();
  const std::size_t count = values.size(), whole = count / 8 * 8;
  for (std::size_t i = 0; i < whole; i += 8) {
    const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 2 * i));
    _mm256_storeu_ps(v + i, _mm256_cvtph_ps(halves));
  }
  for (std::size_t i = whole; i < count; ++i) {
    v[i] = float_from_half(get<std::uint16_t>(bytes + 2 * i));
  }
}

#else

void halves_from_floats(span<const float> values, std::byte* out) noexcept {
  halves_from_floats_portable(values, out);
}

void floats_from_halves(const std::byte* bytes, span<float> values) noexcept {
  floats_from_halves_portable(bytes, values);
}

#endif

}  // namespace troupe
