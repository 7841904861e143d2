#pragma once

#include <gsl/span>

namespace troupe {

/// A pointer and a length; C++17 has no std::span. Hot loops take `.data()` once: indexing checks.
template <class T>
using span = gsl::span<T>;

}  // namespace troupe
