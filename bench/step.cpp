// How many samples a second one worker trains: the replica of a worker (network, loss, gradient
// rule, protocol `sequential`) steps over mini-batches of floats that lie in memory. With several
// threads each has a worker of its own, without any exchange.

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "sample_models.hpp"
#include "timing.hpp"
#include "troupe/actors/replica.hpp"
#include "troupe/base/error.hpp"
#include "troupe/base/random.hpp"
#include "troupe/config/reader.hpp"

using namespace troupe;
using bench::sample;
using bench::samples;

namespace {

struct arguments {
  std::string model = "higgs";
  std::size_t batch = 0, threads = 1, steps = 0;
  double seconds = 3;
  bool json = false;
};

[[noreturn]] void usage() {
  std::fputs(
      "usage: bench/step [--json] [--model higgs|mlp|cnn] [--batch N] [--threads N] [--seconds S]\n"
      "                  [--steps N] [--peer] [--pairs N]\n",
      stderr);
  std::exit(2);
}

arguments read(int argc, char** argv) {
  arguments out;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const auto value = [&] {
      if (i + 1 == argc) usage();
      return std::string(argv[++i]);
    };
    const auto count = [&] {
      const long number = std::atol(value().c_str());
      if (number < 1 || number > 1000000) usage();
      return static_cast<std::size_t>(number);
    };
    if (option == "--json") {
      out.json = true;
    } else if (option == "--model") {
      out.model = value();
    } else if (option == "--batch") {
      out.batch = count();
    } else if (option == "--threads") {
      out.threads = count();
    } else if (option == "--steps") {
      out.steps = count();
    } else if (option == "--seconds") {
      out.seconds = std::atof(value().c_str());
      if (!(out.seconds > 0)) usage();
    } else {
      usage();
    }
  }
  const auto found = samples().find(out.model);
  if (found == samples().end()) usage();
  if (out.batch == 0) out.batch = found->second.batch;
  return out;
}

constexpr std::size_t batches = 64;  // that are trained in turns

std::shared_ptr<const run_plan> make_plan(const sample& of, std::size_t batch) {
  const catalogue known = catalogue::builtin();
  const job parsed =
      parse_job(fmt::format("name: step\n"
                            "data: {{train: {{format: synthetic, rows: 64}}}}\n"
                            "{}"
                            "optimizer: {{protocol: sequential, gradient_rule: {{name: {}}}}}\n"
                            "training: {{epochs: 1, batch_size: {}}}\n"
                            "actors: {{workers: 1}}\n",
                            of.model, of.rule, batch),
                "bench/step", {}, known);
  data_facts data;
  data.transforms = pipeline({}, of.input, known.data.transforms);
  data.rows = batches * batch;
  return make_run_plan(parsed, known, data, 1);
}

/// A worker's replica and its rows.
class bench_worker {
 public:
  bench_worker(const arguments& a, std::uint64_t seed)
      : plan_(make_plan(samples().at(a.model), a.batch)),
        replica_(plan_),
        batch_(a.batch),
        width_(volume(plan_->transforms.output())),
        features_(batches * batch_ * width_),
        labels_(batches * batch_) {
    const random_stream draws(seed, random_purpose::test);
    const std::size_t classes = samples().at(a.model).classes;
    for (std::size_t i = 0; i < features_.size(); ++i) features_[i] = draws.uniform(i);
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      labels_[i] = static_cast<float>(draws.word(features_.size() + i) % classes);
    }
    std::vector<float> parameters(plan_->model.parameters);
    network(plan_->of.model, 1, plan_->known.models).initialise(parameters, {}, seed);
    for (std::size_t s = 0; s < plan_->slices.size(); ++s) {
      const slice_range r = plan_->range_of(s);
      replica_.install(s, {parameters.data() + r.first, r.count});
    }
    replica_.start();
  }

  void step() {
    const std::size_t at = done_ % batches * batch_;
    mini_batch rows;
    rows.epoch = static_cast<std::uint32_t>(done_ / batches);
    rows.range = {at, at + batch_};
    rows.rows = {batch_, features_.data() + at * width_, labels_.data() + at, 1};
    replica_.step(rows);
    if (++done_ % 5 == 0) replica_.close_window();
  }

  bool finite() const { return replica_.finite(); }

 private:
  std::shared_ptr<const run_plan> plan_;
  replica replica_;
  std::size_t batch_, width_, done_ = 0;
  std::vector<float> features_, labels_;
};

/// Samples a second of all threads together.
double measure(const arguments& a) {
  std::atomic<std::size_t> ready{0};
  std::vector<double> rates(a.threads);
  std::atomic<bool> sound{true};
  const auto work = [&](std::size_t thread) {
    bench_worker worker(a, 7 + thread);
    for (int i = 0; i < 20; ++i) worker.step();
    ++ready;
    while (ready < a.threads) std::this_thread::yield();
    const auto start = bench::ticks::now();
    std::size_t steps = 0;
    double took = 0;
    do {
      worker.step();
      ++steps;
      took = bench::seconds_since(start);
    } while (a.steps ? steps < a.steps : took < a.seconds);
    rates[thread] = static_cast<double>(steps * a.batch) / took;
    if (!worker.finite()) sound = false;
  };
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < a.threads; ++thread) threads.emplace_back(work, thread);
  for (std::thread& thread : threads) thread.join();
  if (!sound) throw run_error("bench/step", "the loss is not finite");
  double sum = 0;
  for (const double rate : rates) sum += rate;
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  const arguments a = read(argc, argv);
  try {
    const double rate = measure(a);
    if (a.json) {
      std::printf("{\"model\":\"%s\",\"batch\":%zu,\"threads\":%zu,\"samples_per_second\":%.1f}\n",
                  a.model.c_str(), a.batch, a.threads, rate);
    } else {
      std::printf("%-8s %6s %8s %16s\n%-8s %6zu %8zu %16.0f\n", "model", "batch", "threads",
                  "samples/second", a.model.c_str(), a.batch, a.threads, rate);
    }
  } catch (const error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 2;
  }
}
