#include "troupe/data/transform_plan.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace troupe {

namespace {

/// second after first, column by column.
column_map composed(const column_map& first, const column_map& second) {
  auto at = [](const std::vector<double>& v, std::size_t c) { return v.size() == 1 ? v[0] : v[c]; };
  const std::size_t columns =
      std::max({first.scale.size(), first.shift.size(), first.missing.size(), second.scale.size(),
                second.shift.size(), second.missing.size()});
  column_map both;
  both.scale.resize(columns);
  both.shift.resize(columns);
  both.missing.resize(columns);
  for (std::size_t c = 0; c < columns; ++c) {
    const double scale = at(second.scale, c), shift = at(second.shift, c);
    const double filled = at(first.missing, c);
    both.scale[c] = scale * at(first.scale, c);
    both.shift[c] = scale * at(first.shift, c) + shift;
    both.missing[c] = std::isnan(filled) ? at(second.missing, c) : scale * filled + shift;
  }
  return both;
}

std::vector<float> as_floats(const std::vector<double>& exact, std::size_t columns) {
  std::vector<float> out(columns);
  for (std::size_t c = 0; c < columns; ++c) {
    out[c] = static_cast<float>(exact.size() == 1 ? exact[0] : exact[c]);
  }
  return out;
}

}  // namespace

void transform_plan::round(pass& p) {
  const std::size_t columns =
      std::max({p.exact.scale.size(), p.exact.shift.size(), p.exact.missing.size()});
  p.scale = as_floats(p.exact.scale, columns);
  p.shift = as_floats(p.exact.shift, columns);
  p.missing = as_floats(p.exact.missing, columns);
  p.fills = std::any_of(p.missing.begin(), p.missing.end(), [](float m) { return !std::isnan(m); });
}

void transform_plan::add(const column_map& map) {
  if (passes_.empty() || passes_.back().other) {
    passes_.emplace_back();
    passes_.back().exact = map;
  } else {
    passes_.back().exact = composed(passes_.back().exact, map);
  }
  round(passes_.back());
}

void transform_plan::add(const transform& other) {
  passes_.emplace_back();
  passes_.back().other = &other;
}

void transform_plan::add_any(const transform& step) {
  if (const auto map = step.columns()) {
    add(*map);
  } else {
    add(step);
  }
}

bool transform_plan::only_maps() const noexcept {
  return std::all_of(passes_.begin(), passes_.end(), [](const pass& p) {
    auto finite = [](const std::vector<float>& v) {
      return std::all_of(v.begin(), v.end(), [](float x) { return std::abs(x) < 1e30f; });
    };
    return !p.other && finite(p.scale) && finite(p.shift);
  });
}

// The inner loops are written for the compiler to vectorise: no calls, no branches, no aliases.

template <class T>
void transform_plan::map_rows(const pass& p, const T* in, std::size_t rows, std::size_t volume,
                              float* out) {
  const T* __restrict from = in;
  float* __restrict to = out;
  if (p.scale.size() == 1 && !p.fills) {
    const float scale = p.scale[0], shift = p.shift[0];
    const std::size_t count = rows * volume;
    for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i]) * scale + shift;
    return;
  }
  const bool uniform = p.scale.size() == 1;
  for (std::size_t r = 0; r < rows; ++r, from += volume, to += volume) {
    if (uniform) {
      const float scale = p.scale[0], shift = p.shift[0], missing = p.missing[0];
      for (std::size_t c = 0; c < volume; ++c) {
        const auto x = static_cast<float>(from[c]);
        const float y = x * scale + shift;
        to[c] = x == x ? y : missing;
      }
      continue;
    }
    const float* __restrict scale = p.scale.data();
    const float* __restrict shift = p.shift.data();
    const float* __restrict missing = p.missing.data();
    for (std::size_t c = 0; c < volume; ++c) {
      const auto x = static_cast<float>(from[c]);
      const float y = x * scale[c] + shift[c], m = missing[c];
      to[c] = x == x ? y : m;
    }
  }
}

void transform_plan::map_in_place(const pass& p, float* rows, std::size_t count,
                                  std::size_t volume) {
  const bool uniform = p.scale.size() == 1;
  for (std::size_t r = 0; r < count; ++r) {
    float* __restrict row = rows + r * volume;
    if (uniform) {
      const float scale = p.scale[0], shift = p.shift[0], missing = p.missing[0];
      for (std::size_t c = 0; c < volume; ++c) {
        const float x = row[c], y = x * scale + shift;
        row[c] = x == x ? y : missing;
      }
      continue;
    }
    const float* __restrict scale = p.scale.data();
    const float* __restrict shift = p.shift.data();
    const float* __restrict missing = p.missing.data();
    for (std::size_t c = 0; c < volume; ++c) {
      const float x = row[c], y = x * scale[c] + shift[c], m = missing[c];
      row[c] = x == x ? y : m;
    }
  }
}

void transform_plan::finish_from(std::size_t first, float* rows, std::size_t count,
                                 std::size_t volume) const {
  for (std::size_t i = first; i < passes_.size(); ++i) {
    const pass& p = passes_[i];
    if (p.other) {
      p.other->apply(rows, count);
    } else {
      map_in_place(p, rows, count, volume);
    }
  }
}

void transform_plan::finish_in_place(float* rows, std::size_t count, std::size_t volume) const {
  finish_from(0, rows, count, volume);
}

void transform_plan::run(element_type type, const std::byte* raw, std::size_t rows,
                         std::size_t volume, float* out) const {
  const bool map_first = !passes_.empty() && !passes_.front().other;
  if (type == element_type::u8) {
    const auto* in = reinterpret_cast<const std::uint8_t*>(raw);
    if (map_first) {
      map_rows(passes_.front(), in, rows, volume, out);
    } else {
      std::copy_n(in, rows * volume, out);
    }
  } else if (map_first && reinterpret_cast<std::uintptr_t>(raw) % alignof(float) == 0) {
    map_rows(passes_.front(), reinterpret_cast<const float*>(raw), rows, volume, out);
  } else {
    // Rows inside a message may lie at any address.
    std::memcpy(out, raw, rows * volume * sizeof(float));
    return finish_from(0, out, rows, volume);
  }
  finish_from(map_first ? 1 : 0, out, rows, volume);
}

}  // namespace troupe
