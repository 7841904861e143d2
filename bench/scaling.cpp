// Whether workers that train together are as fast as as many that know nothing of each other: runs
// of 1 to N workers with a parameter server in one process, beside as many processes that train
// alone. Both share the machine's memory and its clock rates, so what differs is the conversation.

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "sample_models.hpp"
#include "timing.hpp"
#include "troupe/base/random.hpp"
#include "troupe/troupe.hpp"

using namespace troupe;

namespace {

struct arguments {
  std::string model = "higgs", protocol = "adag";
  std::size_t workers = 0, batch = 0, pairs = 5;
  std::uint64_t window = 5;
  double seconds = 3;
  bool overlap = false, json = false;
};

constexpr std::uint64_t most_rows = 60000;  // in memory; longer runs go over them again

/// Floats without meaning: what is measured does not depend on them.
dataset make_rows(const bench::sample& of, std::size_t rows) {
  dataset data;
  data.shape = of.input;
  data.type = element_type::f32;
  data.origin = "random rows";
  data.set_rows(rows);
  const std::size_t width = data.row_volume();
  data.features.resize(rows * width * sizeof(float));
  data.labels.resize(rows);
  const random_stream draws(7, random_purpose::test);
  for (std::size_t i = 0; i < rows * width; ++i) {
    const float value = draws.uniform(i);
    std::memcpy(data.features.data() + i * sizeof(float), &value, sizeof value);
  }
  for (std::size_t i = 0; i < rows; ++i) {
    data.labels[i] = static_cast<float>(draws.word(rows * width + i) % of.classes);
  }
  return data;
}

/// Samples a second of one run in this process; `protocol` "sequential" has one worker.
double train_here(const arguments& a, const std::string& protocol, std::size_t workers,
                  std::uint64_t rows) {
  const bench::sample& of = bench::samples().at(a.model);
  const std::uint64_t epochs = (rows + most_rows - 1) / most_rows;
  const std::uint64_t held = rows / epochs;
  catalogue known = catalogue::builtin();
  reader_entry entry;
  entry.name = "random";
  entry.summary = "Random rows.";
  entry.read = [&](const read_request&) { return make_rows(of, held); };
  known.data.readers.add(entry);
  const std::string talk =
      protocol == "sequential"
          ? ""
          : fmt::format(", communication_window: {}, overlap: {}", a.window, a.overlap);
  const job parsed =
      parse_job(fmt::format("name: scaling\n"
                            "data: {{train: {{format: random}}}}\n"
                            "{}"
                            "optimizer: {{protocol: {}, gradient_rule: {{name: {}}}{}}}\n"
                            "training: {{epochs: {}, batch_size: {}, evaluate_every: 0}}\n"
                            "actors: {{workers: {}}}\n",
                            of.model, protocol, of.rule, talk, epochs, a.batch, workers),
                "bench/scaling", {}, known);
  const train_result result = train(parsed, {}, known);
  if (!result.ok()) throw run_error("bench/scaling", result.failure);
  return result.summary["samples_per_second"].get<double>();
}

/// Runs side by side, each in a process of its own; the sum of their samples a second.
double train_apart(const arguments& a, const std::string& protocol, std::size_t processes,
                   std::size_t workers, std::uint64_t rows) {
  int answers[2];
  if (::pipe(answers) != 0) throw run_error("bench/scaling", "no pipe");
  std::fflush(stdout);
  std::vector<pid_t> children;
  for (std::size_t i = 0; i < processes; ++i) {
    const pid_t child = ::fork();
    if (child < 0) throw run_error("bench/scaling", "no process");
    if (child > 0) {
      children.push_back(child);
      continue;
    }
    double rate = 0;
    try {
      rate = train_here(a, protocol, workers, rows);
    } catch (const error& e) {
      std::fprintf(stderr, "%s\n", e.what());
    }
    ::_exit(::write(answers[1], &rate, sizeof rate) == sizeof rate ? 0 : 1);
  }
  ::close(answers[1]);
  double sum = 0, rate = 0;
  std::size_t got = 0;
  while (::read(answers[0], &rate, sizeof rate) == sizeof rate && rate > 0) {
    sum += rate;
    ++got;
  }
  ::close(answers[0]);
  for (const pid_t child : children) ::waitpid(child, nullptr, 0);
  if (got != processes) throw run_error("bench/scaling", "a run failed");
  return sum;
}

void measure(const arguments& a, std::size_t workers) {
  // Enough rows for so many seconds of one worker, by a short run.
  const double one = train_apart(a, "sequential", 1, 1, a.batch * 200);
  const auto rows = static_cast<std::uint64_t>(std::max(1.0, a.seconds * one / a.batch)) * a.batch;
  std::vector<double> together, apart, ratios;
  for (std::size_t pair = 0; pair < a.pairs; ++pair) {
    const auto run_together = [&] {
      together.push_back(train_apart(a, a.protocol, 1, workers, rows * workers));
    };
    const auto run_apart = [&] { apart.push_back(train_apart(a, "sequential", workers, 1, rows)); };
    // In turns, so that neither always comes first.
    if (pair % 2 == 0) {
      run_together();
      run_apart();
    } else {
      run_apart();
      run_together();
    }
    ratios.push_back(together.back() / apart.back());
  }
  const auto [least, most] = std::minmax_element(ratios.begin(), ratios.end());
  if (a.json) {
    const nlohmann::ordered_json line = {{"model", a.model},
                                         {"protocol", a.protocol},
                                         {"window", a.window},
                                         {"overlap", a.overlap},
                                         {"workers", workers},
                                         {"samples_per_second", bench::median(together)},
                                         {"independent_samples_per_second", bench::median(apart)},
                                         {"ratio", bench::median(ratios)},
                                         {"least_ratio", *least},
                                         {"most_ratio", *most}};
    std::puts(line.dump().c_str());
  } else {
    std::printf("%-8s %7zu %16.0f %16.0f %7.3f  (%.3f to %.3f)\n", a.model.c_str(), workers,
                bench::median(together), bench::median(apart), bench::median(ratios), *least,
                *most);
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  arguments a;
  a.workers = std::max(1u, std::thread::hardware_concurrency());
  CLI::App app{"Samples a second of 1 to N workers together, and of as many that train alone."};
  app.name("bench/scaling");
  std::vector<std::string> names;
  for (const auto& [name, of] : bench::samples()) names.push_back(name);
  app.add_option("--model", a.model)->check(CLI::IsMember(names))->capture_default_str();
  app.add_option("--workers", a.workers, "up to how many")->check(CLI::Range(1, 256));
  app.add_option("--protocol", a.protocol)->capture_default_str();
  app.add_option("--window", a.window, "mini-batches")->check(CLI::Range(1, 100000));
  app.add_option("--batch", a.batch)->check(CLI::Range(1, 65536));
  app.add_option("--seconds", a.seconds, "of each run, about")->check(CLI::Range(0.1, 600.0));
  app.add_option("--pairs", a.pairs)->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_flag("--overlap", a.overlap);
  app.add_flag("--json", a.json, "one object a row");
  CLI11_PARSE(app, argc, argv);
  if (a.batch == 0) a.batch = bench::samples().at(a.model).batch;
  try {
    if (!a.json) {
      std::printf("%-8s %7s %16s %16s %7s\n", "model", "workers", "samples/second", "alone, summed",
                  "ratio");
    }
    for (std::size_t workers = 1; workers <= a.workers; ++workers) measure(a, workers);
  } catch (const error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
