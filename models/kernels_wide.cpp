// Compiled for AVX-512 (CMakeLists.txt), whatever the rest is compiled for: so nothing here may be
// shared with another file, not even an inline function of a library.

#include "troupe/models/kernels_wide.hpp"

#if defined(__AVX512F__)

#include <immintrin.h>

namespace troupe::kernels::wide {

namespace {

constexpr std::size_t lanes = 16;         // floats in a vector
constexpr std::size_t tile_rows = 8;      // with 3 vectors a row, 24 sums: of 32 registers
constexpr std::size_t panel = 3;          // vectors
constexpr std::size_t block_depth = 128;  // a panel of b as deep is 24 KiB: it stays in L1
constexpr std::size_t stretch = 8;        // steps in depth between requests for memory
constexpr std::size_t rows_ahead = 16;    // of b, asked for while it is brought into order
constexpr std::size_t line = 64;          // bytes

std::size_t least(std::size_t a, std::size_t b) {
  return a < b ? a : b;
}

/// Memory to ask for while a tile is computed, `lines` every `stretch` steps.
struct ahead {
  const char* at = nullptr;
  std::size_t lines = 0;
};

/// What a tile of the result is made of: R rows and V vectors, the last one with lanes `mask`.
struct tile_work {
  const float* a;
  std::size_t a_row, a_column;
  const float* b;
  std::size_t b_stride;
  float* packed;  // where b is copied to on the way
  std::size_t depth;
  float* c;
  std::size_t c_stride;
  __mmask16 mask;
  const float* bias;
  bool first, relu;  // whether sums start here, and how they end
  ahead fetch;
};

// Numbers of a tile are members of nested structs, not of arrays: compilers keep those in
// registers.
#define TROUPE_INLINE inline __attribute__((always_inline))
constexpr __mmask16 all_lanes = 0xffff;

/// V vectors of one row, the last one with lanes `mask`.
template <int V>
struct strip {
  strip<V - 1> left;
  __m512 last;

  TROUPE_INLINE void clear() {
    left.clear();
    last = _mm512_setzero_ps();
  }
  TROUPE_INLINE void load(const float* from, __mmask16 mask) {
    left.load(from, all_lanes);
    last = _mm512_maskz_loadu_ps(mask, from + (V - 1) * 16);
  }
  TROUPE_INLINE void store(float* to, __mmask16 mask) const {
    left.store(to, all_lanes);
    _mm512_mask_storeu_ps(to + (V - 1) * 16, mask, last);
  }
  TROUPE_INLINE void add(__m512 factor, const strip& b) {
    left.add(factor, b.left);
    last = _mm512_fmadd_ps(factor, b.last, last);
  }
  TROUPE_INLINE void relu() {
    left.relu();
    // The second operand is the result where one is not a number.
    last = _mm512_max_ps(_mm512_setzero_ps(), last);
  }
};
template <>
struct strip<0> {
  TROUPE_INLINE void clear() {}
  TROUPE_INLINE void load(const float*, __mmask16) {}
  TROUPE_INLINE void store(float*, __mmask16) const {}
  TROUPE_INLINE void add(__m512, const strip&) {}
  TROUPE_INLINE void relu() {}
};

/// The sums of R rows.
template <int R, int V>
struct sums {
  sums<R - 1, V> above;
  strip<V> row;

  TROUPE_INLINE void clear() {
    above.clear();
    row.clear();
  }
  TROUPE_INLINE void load(const float* from, std::size_t stride, __mmask16 mask) {
    above.load(from, stride, mask);
    row.load(from + (R - 1) * stride, mask);
  }
  TROUPE_INLINE void store(float* to, std::size_t stride, __mmask16 mask) const {
    above.store(to, stride, mask);
    row.store(to + (R - 1) * stride, mask);
  }
  TROUPE_INLINE void add(const float* a, std::size_t stride, const strip<V>& b) {
    above.add(a, stride, b);
    row.add(_mm512_set1_ps(a[(R - 1) * stride]), b);
  }
  TROUPE_INLINE void relu() {
    above.relu();
    row.relu();
  }
};
template <int V>
struct sums<0, V> {
  TROUPE_INLINE void clear() {}
  TROUPE_INLINE void load(const float*, std::size_t, __mmask16) {}
  TROUPE_INLINE void store(float*, std::size_t, __mmask16) const {}
  TROUPE_INLINE void add(const float*, std::size_t, const strip<V>&) {}
  TROUPE_INLINE void relu() {}
};

/// Where b comes from: as it lies, the same and put into order on the way, or in order.
enum class source { plain, packing, packed };

/// One step in depth. `Across`: a is a row-major operand turned, its rows follow each other.
template <int R, int V, source From, bool Across>
TROUPE_INLINE void step(sums<R, V>& sum, const tile_work& w, const float*& a, const float*& b,
                        float*& packed, __mmask16 mask) {
  strip<V> right;
  right.load(b, From == source::packed ? all_lanes : mask);
  if (From == source::packing) {
    // Rows of b lie apart, which no processor foresees.
    for (int v = 0; v < V; ++v) {
      _mm_prefetch(reinterpret_cast<const char*>(b + rows_ahead * w.b_stride + v * 16),
                   _MM_HINT_T0);
    }
    right.store(packed, all_lanes);
    packed += V * lanes;
  }
  sum.add(a, Across ? 1 : w.a_row, right);
  // What is known when this is compiled costs no instruction: these share ports with the products.
  a += Across ? w.a_column : 1;
  b += From == source::packed ? V * lanes : w.b_stride;
}

/// A function of its own, so that nothing else wants the registers.
template <int R, int V, source From, bool Across>
__attribute__((noinline)) void tile(tile_work& work) {
  const tile_work w = work;
  const __mmask16 mask = w.mask;
  sums<R, V> sum;
  if (!w.first) {
    sum.load(w.c, w.c_stride, mask);
  } else if (w.bias) {
    sum.load(w.bias, 0, mask);
  } else {
    sum.clear();
  }
  const float* a = w.a;
  const float* b = w.b;
  const char* fetch = w.fetch.at;
  float* packed = w.packed;
  std::size_t left = w.depth;
  for (; left >= stretch; left -= stretch) {
    for (std::size_t i = 0; i < w.fetch.lines; ++i, fetch += line) {
      _mm_prefetch(fetch, _MM_HINT_T1);
    }
    for (std::size_t i = 0; i < stretch; i += 4) {
      step<R, V, From, Across>(sum, w, a, b, packed, mask);
      step<R, V, From, Across>(sum, w, a, b, packed, mask);
      step<R, V, From, Across>(sum, w, a, b, packed, mask);
      step<R, V, From, Across>(sum, w, a, b, packed, mask);
    }
  }
  for (; left > 0; --left) step<R, V, From, Across>(sum, w, a, b, packed, mask);
  work.fetch.at = fetch;
  if (w.relu) sum.relu();
  sum.store(w.c, w.c_stride, mask);
}

#undef TROUPE_INLINE

/// The rows of one block, 8 at a time and the rest in powers of two.
template <int V, source From, bool Across>
void tiles(tile_work& w, std::size_t rows, bool fetch_c) {
  while (rows > 0) {
    const std::size_t height = rows >= 8 ? 8 : rows >= 4 ? 4 : rows >= 2 ? 2 : 1;
    if (fetch_c) {
      for (std::size_t i = 0; i < tile_rows; ++i) {
        const char* next = reinterpret_cast<const char*>(w.c + (height + i) * w.c_stride);
        for (std::size_t l = 0; l < V; ++l) __builtin_prefetch(next + l * line, 1);
      }
    }
    switch (height) {
      case 8:
        tile<8, V, From, Across>(w);
        break;
      case 4:
        tile<4, V, From, Across>(w);
        break;
      case 2:
        tile<2, V, From, Across>(w);
        break;
      default:
        tile<1, V, From, Across>(w);
    }
    w.a += height * w.a_row;
    w.c += height * w.c_stride;
    rows -= height;
  }
}

/// A panel of V vectors of b: its first tile brings it into order for the others.
template <int V, bool Across>
void panel_rows(tile_work& w, std::size_t rows, bool fetch_c) {
  if (rows <= tile_rows) return tiles<V, source::plain, Across>(w, rows, fetch_c);
  tiles<V, source::packing, Across>(w, tile_rows, fetch_c);
  w.b = w.packed;
  w.b_stride = V * lanes;
  tiles<V, source::packed, Across>(w, rows - tile_rows, fetch_c);
}

/// Turns 16 rows of 16 numbers.
inline void turn(__m512 (&r)[16]) {
  __m512 t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    for (int j = 0; j < 2; ++j) {
      const __m512d low = _mm512_castps_pd(t[i + j]), high = _mm512_castps_pd(t[i + j + 2]);
      r[i + 2 * j] = _mm512_castpd_ps(_mm512_unpacklo_pd(low, high));
      r[i + 2 * j + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low, high));
    }
  }
  // Now r[4 g + j] holds, in its quarter q, column 4 q + j of rows 4 g to 4 g + 3.
  for (int j = 0; j < 4; ++j) {
    const __m512 a = _mm512_shuffle_f32x4(r[j], r[j + 4], 0x88);
    const __m512 b = _mm512_shuffle_f32x4(r[j], r[j + 4], 0xdd);
    const __m512 c = _mm512_shuffle_f32x4(r[j + 8], r[j + 12], 0x88);
    const __m512 d = _mm512_shuffle_f32x4(r[j + 8], r[j + 12], 0xdd);
    t[j] = _mm512_shuffle_f32x4(a, c, 0x88);
    t[j + 4] = _mm512_shuffle_f32x4(b, d, 0x88);
    t[j + 8] = _mm512_shuffle_f32x4(a, c, 0xdd);
    t[j + 12] = _mm512_shuffle_f32x4(b, d, 0xdd);
  }
  for (int i = 0; i < 16; ++i) r[i] = t[i];
}

/// The lowest lanes, `count` of them or all.
__mmask16 lowest(std::size_t count) {
  return count < lanes ? static_cast<__mmask16>((1u << count) - 1) : static_cast<__mmask16>(0xffff);
}

}  // namespace

void transpose(const float* from, std::size_t from_stride, std::size_t rows, std::size_t columns,
               float* to, std::size_t to_stride) {
  for (std::size_t row = 0; row < rows; row += lanes) {
    const std::size_t height = least(lanes, rows - row);
    for (std::size_t column = 0; column < columns; column += lanes) {
      const std::size_t width = least(lanes, columns - column);
      const __mmask16 across = lowest(width), down = lowest(height);
      __m512 block[16];
      for (std::size_t i = 0; i < lanes; ++i) {
        const float* at = from + (row + i) * from_stride + column;
        block[i] = i < height ? _mm512_maskz_loadu_ps(across, at) : _mm512_setzero_ps();
      }
      turn(block);
      float* at = to + column * to_stride + row;
      for (std::size_t i = 0; i < width; ++i)
        _mm512_mask_storeu_ps(at + i * to_stride, down, block[i]);
    }
  }
}

void product(std::size_t rows, std::size_t columns, std::size_t depth, const strided& a,
             const float* b, std::size_t b_stride, float* c, std::size_t c_stride,
             const product_options& options) {
  using panel_product = void (*)(tile_work&, std::size_t, bool);
  static constexpr panel_product along[] = {panel_rows<1, false>, panel_rows<2, false>,
                                            panel_rows<3, false>};
  static constexpr panel_product across[] = {panel_rows<1, true>, panel_rows<2, true>,
                                             panel_rows<3, true>};
  alignas(64) float packed[block_depth * panel * lanes];
  for (std::size_t row = 0; row < rows; row += options.block_rows) {
    const std::size_t block = least(options.block_rows, rows - row);
    const std::size_t tiles = (block + tile_rows - 1) / tile_rows;
    for (std::size_t at = 0; at < depth; at += block_depth) {
      tile_work w{};
      w.depth = least(block_depth, depth - at);
      w.first = at == 0;
      w.relu = options.relu && at + w.depth == depth;
      w.a_row = a.row;
      w.a_column = a.column;
      w.packed = packed;
      w.c_stride = c_stride;
      // The next rows of b, spread evenly over what is computed from these.
      if (options.fetch_b) {
        w.fetch.at = reinterpret_cast<const char*>(b + (at + w.depth) * b_stride);
        w.fetch.lines = (stretch * panel + tiles - 1) / tiles;
      }
      for (std::size_t column = 0; column < columns; column += panel * lanes) {
        const std::size_t width = least(panel * lanes, columns - column);
        const std::size_t vectors = (width + lanes - 1) / lanes;
        const std::size_t last = width - (vectors - 1) * lanes;
        w.mask = lowest(last);
        w.a = a.data + row * a.row + at * a.column;
        w.b = b + at * b_stride + column;
        w.b_stride = b_stride;
        w.c = c + row * c_stride + column;
        w.bias = options.bias ? options.bias + column : nullptr;
        const auto compute = a.row == 1 && a.column != 1 ? across[vectors - 1] : along[vectors - 1];
        compute(w, block, options.fetch_c);
      }
    }
  }
}

}  // namespace troupe::kernels::wide

#endif
