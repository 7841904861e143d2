#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "troupe/data/dataset.hpp"
#include "troupe/data/pipeline.hpp"

namespace troupe {

/// Fitted transforms as the fewest passes over rows: runs of column maps are composed in double
/// into one. Used by any thread once built; the transforms added must outlive it.
class transform_plan {
 public:
  void add(const column_map& map);
  void add(const transform& other);
  /// What follows from a transform: its map, or itself.
  void add_any(const transform& step);

  /// Raw rows to floats; `out` must not overlap `raw`.
  void run(element_type type, const std::byte* raw, std::size_t rows, std::size_t volume,
           float* out) const;
  /// The whole plan on rows that are floats already.
  void finish_in_place(float* rows, std::size_t count, std::size_t volume) const;
  /// Whether no finite value can become missing or infinite, so that nothing needs checking
  /// where the source is u8.
  bool only_maps() const noexcept;

 private:
  /// One pass: a composed map as floats, or a transform.
  struct pass {
    column_map exact;
    std::vector<float> scale, shift, missing;
    bool fills = false;
    const transform* other = nullptr;
  };
  static void round(pass& p);
  template <class T>
  static void map_rows(const pass& p, const T* in, std::size_t rows, std::size_t volume,
                       float* out);
  static void map_in_place(const pass& p, float* rows, std::size_t count, std::size_t volume);
  void finish_from(std::size_t first, float* rows, std::size_t count, std::size_t volume) const;

  std::vector<pass> passes_;
};

}  // namespace troupe
