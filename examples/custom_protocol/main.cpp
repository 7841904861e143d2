// Trains a job with three protocols, one after the other: `custom_protocol JOB [K=V]...`. K=V are
// those of `troupe train --set`; `optimizer.power=V` is for `damped` alone, the others have none.

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "damped.hpp"
#include "troupe/troupe.hpp"

namespace {

/// A number of the summary with four decimals; "-" where the job gives none.
std::string number(const nlohmann::ordered_json& summary, const char* key) {
  const auto found = summary.find(key);
  char text[32] = "-";
  if (found != summary.end() && found->is_number()) {
    std::snprintf(text, sizeof text, "%.4f", found->get<double>());
  }
  return text;
}

int run(const std::string& path, const std::vector<std::string>& overrides) {
  troupe::catalogue known = troupe::catalogue::builtin();
  known.protocols.add(damped_protocol());

  std::printf("%-10s %8s %10s %11s %10s %10s\n", "protocol", "commits", "staleness", "train_loss",
              "test_loss", "accuracy");
  for (const std::string protocol : {"downpour", "dynsgd", "damped"}) {
    std::vector<std::string> keys;
    for (const std::string& key : overrides) {
      if (protocol == "damped" || key.rfind("optimizer.power=", 0) != 0) keys.push_back(key);
    }
    keys.push_back("optimizer.protocol=" + protocol);
    const troupe::job job = troupe::read_job(path, keys, known);
    const troupe::train_result result = troupe::train(job, {}, known);
    if (!result.ok()) {
      std::fprintf(stderr, "custom_protocol: %s: %s\n", protocol.c_str(), result.failure.c_str());
      return 1;
    }
    const auto& s = result.summary;
    std::printf("%-10s %8llu %10s %11s %10s %10s\n", protocol.c_str(),
                s["commits"].get<unsigned long long>(), number(s, "mean_staleness").c_str(),
                number(s, "train_loss").c_str(), number(s, "test_loss").c_str(),
                number(s, "test_accuracy").c_str());
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: custom_protocol JOB [K=V]...\n");
    return 2;
  }
  try {
    return run(argv[1], {argv + 2, argv + argc});
  } catch (const troupe::error& problem) {
    std::fprintf(stderr, "custom_protocol: %s\n", problem.what());
    return static_cast<int>(problem.kind());
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "custom_protocol: %s\n", problem.what());
    return 1;
  }
}
