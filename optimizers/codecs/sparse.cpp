#include "troupe/optimizers/codecs/sparse.hpp"

#include <algorithm>
#include <cmath>

#include "troupe/optimizers/codecs/bits.hpp"

namespace troupe {

namespace {

constexpr std::size_t block = 65536;
constexpr std::size_t count_bytes = sizeof(std::uint32_t), place_bytes = sizeof(std::uint16_t);

std::size_t blocks(std::size_t count) {
  return (count + block - 1) / block;
}

bool as_bits(std::size_t count, std::size_t chosen) {
  return bytes_for_bits(count) < place_bytes * chosen;
}

std::size_t places_bytes(std::size_t count, std::size_t chosen) {
  return as_bits(count, chosen) ? bytes_for_bits(count) : place_bytes * chosen;
}

/// Calls f(place within the word) for each mark, ascending.
template <class Function>
void for_each_mark(std::uint64_t marks, Function f) {
  for (; marks != 0; marks &= marks - 1) f(static_cast<std::size_t>(__builtin_ctzll(marks)));
}

/// From places of 16 bits, which must ascend within each block and lie in the slice.
bool scatter_places(const std::byte* counts, const std::byte* places, const std::byte* numbers,
                    span<float> values) {
  for (std::size_t start = 0; start < values.size(); start += block, counts += count_bytes) {
    const std::size_t here = get<std::uint32_t>(counts);
    const std::size_t most = std::min(block, values.size() - start);
    float* v = values.data() + start;
    std::size_t least = 0;
    for (std::size_t i = 0; i < here; ++i) {
      const std::size_t place = get<std::uint16_t>(places + place_bytes * i);
      if (place < least || place >= most) return false;
      v[place] = get<float>(numbers + sizeof(float) * i);
      least = place + 1;
    }
    places += place_bytes * here;
    numbers += sizeof(float) * here;
  }
  return true;
}

/// From bits, of which each block must have as many as its header says.
bool scatter_bits(const std::byte* counts, const std::byte* bits, const std::byte* numbers,
                  span<float> values) {
  const std::size_t count = values.size();
  for (std::size_t start = 0; start < count; start += block, counts += count_bytes) {
    const std::size_t end = std::min(start + block, count);
    std::size_t left = get<std::uint32_t>(counts);
    for (std::size_t at = start; at < end; at += word_bits) {
      const std::size_t here = std::min(word_bits, end - at);
      std::uint64_t marks = 0;
      std::memcpy(&marks, bits + at / 8, bytes_for_bits(here));
      if (here < word_bits && (marks >> here) != 0) return false;
      const auto marked = static_cast<std::size_t>(__builtin_popcountll(marks));
      if (marked > left) return false;
      left -= marked;
      float* v = values.data() + at;
      for_each_mark(marks, [&](std::size_t i) {
        v[i] = get<float>(numbers);
        numbers += sizeof(float);
      });
    }
    if (left != 0) return false;
  }
  return true;
}

}  // namespace

std::size_t sparse_bytes(std::size_t count, std::size_t chosen) {
  return count_bytes * blocks(count) + places_bytes(count, chosen) + sizeof(float) * chosen;
}

std::size_t write_sparse(span<const float> values, const std::vector<std::uint64_t>& marks,
                         std::size_t chosen, std::byte* out) {
  const std::size_t count = values.size();
  std::byte* counts = out;
  std::byte* places = counts + count_bytes * blocks(count);
  std::byte* numbers = places + places_bytes(count, chosen);
  const bool bits = as_bits(count, chosen);
  if (bits) std::memcpy(places, marks.data(), bytes_for_bits(count));
  for (std::size_t start = 0; start < count; start += block, counts += count_bytes) {
    const std::byte* first = numbers;
    const std::size_t end = words_for(std::min(start + block, count));
    for (std::size_t w = start / word_bits; w < end; ++w) {
      const float* v = values.data() + w * word_bits;
      const std::size_t within = w * word_bits - start;
      for_each_mark(marks[w], [&](std::size_t i) {
        put(numbers, v[i]);
        numbers += sizeof(float);
        if (bits) return;
        put(places, static_cast<std::uint16_t>(within + i));
        places += place_bytes;
      });
    }
    put(counts,
        static_cast<std::uint32_t>(static_cast<std::size_t>(numbers - first) / sizeof(float)));
  }
  return static_cast<std::size_t>(numbers - out);
}

std::size_t sparse_chosen(span<const std::byte> bytes, std::size_t count) {
  const std::size_t none = count + 1;
  if (bytes.size() < count_bytes * blocks(count)) return none;
  std::size_t chosen = 0;
  for (std::size_t b = 0; b < blocks(count); ++b) {
    const std::size_t here = get<std::uint32_t>(bytes.data() + count_bytes * b);
    if (here > std::min(block, count - b * block)) return none;
    chosen += here;
  }
  return bytes.size() == sparse_bytes(count, chosen) ? chosen : none;
}

bool read_sparse(span<const std::byte> bytes, span<float> values) {
  const std::size_t count = values.size(), chosen = sparse_chosen(bytes, count);
  if (chosen > count) return false;
  std::fill(values.data(), values.data() + count, 0.0f);
  const std::byte* places = bytes.data() + count_bytes * blocks(count);
  const std::byte* numbers = places + places_bytes(count, chosen);
  return as_bits(count, chosen) ? scatter_bits(bytes.data(), places, numbers, values)
                                : scatter_places(bytes.data(), places, numbers, values);
}

std::size_t share_of(double ratio, std::size_t count) {
  const auto wanted = static_cast<std::size_t>(std::llround(ratio * static_cast<double>(count)));
  return std::min(std::max<std::size_t>(wanted, 1), count);
}

}  // namespace troupe
