#pragma once

#include <memory>
#include <string>

#include "troupe/data/pipeline.hpp"

namespace troupe {

/// A transform in its pipeline. Only the pipeline's own files include this.
struct pipeline::step {
  std::string name;
  settings options;
  std::string place;  ///< in the job: "data.transforms.1"
  std::unique_ptr<transform> work;
  bool fitted = false;
};

}  // namespace troupe
