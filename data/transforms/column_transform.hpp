#pragma once

#include <vector>

#include "troupe/data/pipeline.hpp"

namespace troupe {

/// Base of transforms that are maps of columns: `apply` follows from `columns`.
class column_transform : public transform {
 public:
  std::vector<std::size_t> output(const std::vector<std::size_t>& input) override;
  void apply(float* rows, std::size_t count) const override;
  std::optional<column_map> columns() const override { return map_; }

 protected:
  std::size_t volume() const noexcept { return volume_; }
  void set_map(column_map map) { map_ = std::move(map); }

 private:
  std::size_t volume_ = 0;
  column_map map_;
};

/// \throws error (data) with an empty place, unless the state has `count` finite numbers.
void expect_state(const std::vector<double>& state, std::size_t count);

}  // namespace troupe
