#pragma once

#include <algorithm>
#include <gsl/span>

namespace troupe {

/// A pointer and a length; C++17 has no std::span. Hot loops take `.data()` once: indexing checks,
/// and so does each step of an iterator.
template <class T>
using span = gsl::span<T>;

/// Copies all of `from`, as one piece of memory; `to` has room for it and is another one.
template <class From, class To>
void copy(span<From> from, To* to) {
  std::copy_n(from.data(), from.size(), to);
}

}  // namespace troupe
