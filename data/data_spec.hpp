#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "troupe/base/settings.hpp"

namespace troupe {

/// One source of rows: a format of the reader registry and its options (paths are resolved
/// against `data_spec::directory` by the reader).
struct source_spec {
  std::string format;
  settings options;
};

struct transform_spec {
  std::string name;
  settings options;
};

/// The `data` section of a job.
struct data_spec {
  std::string directory = ".";
  source_spec train;
  std::optional<source_spec> test;
  double split_test = 0;        ///< share of rows set aside where there is no `test` source
  double split_validation = 0;  ///< share set aside from train for evaluation while training
  std::size_t rows = 0;         ///< only the first rows of train; 0: all
  bool shuffle = true;          ///< anew each epoch
  std::vector<transform_spec> transforms;
};

}  // namespace troupe
