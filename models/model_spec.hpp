#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "troupe/base/settings.hpp"

namespace troupe {

/// Extents of one row of data between two layers, without the batch: {28, 28, 1} is height,
/// width, channels (channels last, as in Keras).
using shape = std::vector<std::size_t>;

/// Numbers in one row of this shape (1 for the empty shape).
std::size_t volume(const shape& s) noexcept;
/// "28 x 28 x 1"
std::string to_text(const shape& s);

/// One layer of a job: a name of the layer registry and its options.
struct layer_spec {
  std::string kind;
  settings options;
};

struct metric_spec {
  std::string name;
  settings options;
};

/// What a model is, without its numbers: the `model` section of a job.
struct model_spec {
  shape input;
  std::vector<layer_spec> layers;
  std::string loss = "categorical_crossentropy";
  std::vector<metric_spec> metrics;
};

}  // namespace troupe
