#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "troupe/base/settings.hpp"

namespace troupe {

/// Gathers a score over many rows. One thread.
class metric {
 public:
  virtual ~metric() = default;
  /// outputs: rows x width, *after* the final activation (probabilities for the cross-entropies);
  /// labels as in `loss::evaluate`.
  virtual void add(const float* outputs, std::size_t rows, std::size_t width, const float* labels,
                   std::size_t label_width) = 0;
  /// Over all rows added so far; not-a-number before the first and where it is undefined.
  virtual double value() const = 0;
  virtual void reset() = 0;
};

struct metric_entry {
  std::string name;
  std::string summary;
  std::vector<setting> options;
  bool higher_is_better = true;
  std::function<std::unique_ptr<metric>(const settings& options)> make;
};

}  // namespace troupe
