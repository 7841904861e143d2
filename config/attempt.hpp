#pragma once

#include <new>
#include <stdexcept>
#include <string>

#include "troupe/config/job.hpp"

namespace troupe {

/// Runs f, which tries options together; what it throws has no place of its own and gets that of
/// `path`.
template <class Function>
void attempt(const job& j, const std::string& path, Function f) {
  try {
    f();
  } catch (const error& e) {
    throw job_error(j.place(path), e.message());
  } catch (const std::bad_alloc&) {
    throw job_error(j.place(path), "takes more memory than there is");
  } catch (const std::length_error&) {
    throw job_error(j.place(path), "takes more memory than there is");
  }
}

}  // namespace troupe
