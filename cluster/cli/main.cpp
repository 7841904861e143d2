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

}  // namespace

int main(int argc, char** argv) {
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
