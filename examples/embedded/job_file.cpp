// Trains a job file inside another program: `job_file JOB [K=V]...`. The program ends the run early
// once the loss is small enough for its purposes.

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "troupe/troupe.hpp"

namespace {

int run(const std::string& path, const std::vector<std::string>& overrides) {
  const troupe::catalogue known = troupe::catalogue::builtin();
  const troupe::job job = troupe::read_job(path, overrides, known);

  troupe::run_control control;
  troupe::train_options options;
  options.control = &control;
  options.observer.on_report = [&](const troupe::report& r) {
    if (r.evaluation && r.loss < 0.5) control.stop("good enough");
  };
  const troupe::train_result result = troupe::train(job, options, known);
  if (!result.ok()) {
    std::fprintf(stderr, "job_file: %s\n", result.failure.c_str());
    return 1;
  }
  std::printf("stopped by %s\n%s\n", result.stopped_by.c_str(), result.summary.dump(2).c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: job_file JOB [K=V]...\n");
    return 2;
  }
  try {
    return run(argv[1], {argv + 2, argv + argc});
  } catch (const troupe::error& problem) {
    std::fprintf(stderr, "job_file: %s\n", problem.what());
    return static_cast<int>(problem.kind());
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "job_file: %s\n", problem.what());
    return 1;
  }
}
