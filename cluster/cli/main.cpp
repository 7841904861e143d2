#include <malloc.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>

#include "command_line.hpp"
#include "troupe/base/error.hpp"

namespace {

using namespace troupe::cli;

/// Results that did not arrive are no results: a full disk behind standard output is a failure.
int flushed(int status) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
  std::fprintf(stderr, "troupe: standard output: cannot write: %s\n", std::strerror(errno));
  return status == exit_ok ? exit_failed : status;
}

/// Vectors as large as a model go back to the system when they are freed. Left to itself glibc
/// keeps, after the first such vector, all later ones of its size in the heaps of their threads.
/// Slices are smaller and stay there, to be used again.
void return_large_memory() {
  ::mallopt(M_MMAP_THRESHOLD, 4 << 20);
}

}  // namespace

int main(int argc, char** argv) {
  return_large_memory();
  try {
    return flushed(command_line().run(argc, argv));
  } catch (const troupe::error& e) {
    std::fprintf(stderr, "troupe: %s\n", e.what());
    return static_cast<int>(e.kind());
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "troupe: out of memory\n");
  } catch (const std::exception& e) {
    // The formatting library throws where a write fails at once, and does not say which.
    std::fprintf(stderr, "troupe: %s%s\n", std::ferror(stdout) ? "standard output: " : "",
                 e.what());
  }
  return exit_failed;
}
