#pragma once

#include <utility>

#include "troupe/base/error.hpp"
#include "troupe/config/job.hpp"

namespace troupe {

/// Throws `e` again with the place in the job file, where its own is a path of the job
/// ("model.layers.2", "data.transforms.1"); as it is where it names something else (a data file).
[[noreturn]] void rethrow_with_place(const error& e, const job& j);

/// f(), with the errors of lower rooms placed in the job file.
template <class Function>
decltype(auto) located(const job& j, Function&& f) {
  try {
    return std::forward<Function>(f)();
  } catch (const error& e) {
    rethrow_with_place(e, j);
  }
}

}  // namespace troupe
