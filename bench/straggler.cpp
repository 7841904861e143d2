// What slow workers cost: epochs of four workers that sleep as long as a slow machine would
// compute, with and without rebalancing, beside the time that all of them together need at least.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "troupe/base/random.hpp"
#include "troupe/troupe.hpp"

using namespace troupe;

namespace {

constexpr std::size_t workers = 4;
constexpr std::uint64_t batch = 4, window = 5;
constexpr double batch_seconds = 0.004;  // of a worker that is not slowed
constexpr double stall_seconds = 0.08, stall_share = 0.02;

/// How much slower than usual each worker is, and who is slowed when.
struct slowness {
  std::string name;
  std::array<double, workers> factor = {1, 1, 1, 1};
  bool half_way = false;  ///< only from the middle of the epoch on
  bool stalls = false;    ///< all stand still now and then
};

const slowness cases[] = {
    {"one slowed 4x", {4, 1, 1, 1}, false, false},
    {"one slowed 10x", {10, 1, 1, 1}, false, false},
    {"two slowed 2x", {2, 2, 1, 1}, false, false},
    {"one slowed 4x half-way", {4, 1, 1, 1}, true, false},
    {"random stalls", {1, 1, 1, 1}, false, true},
};

/// Rows a second of all together, in units of one that is not slowed.
double speed_of(const slowness& s) {
  double sum = 0;
  for (const double f : s.factor) sum += 1 / f;
  return sum;
}

double slowest_of(const slowness& s) {
  return *std::max_element(s.factor.begin(), s.factor.end());
}

/// What the workers of one run sleep by.
class pace {
 public:
  pace(const slowness& s, double half) : slow_(s), half_(half) {}

  /// Sleeps as long as this thread's worker takes for a mini-batch.
  void train(std::size_t rows, std::uint64_t position) {
    using clock = std::chrono::steady_clock;
    const clock::time_point begin = clock::now();
    thread_local const pace* of = nullptr;
    thread_local std::size_t place = 0;
    if (of != this) {
      of = this;
      place = next_++ % workers;
      const std::lock_guard<std::mutex> lock(mutex_);
      if (next_ == 1) start_ = begin;
    }
    const std::chrono::duration<double> time = begin - start_;
    const bool slowed = !slow_.half_way || time.count() > half_;
    double seconds = batch_seconds * static_cast<double>(rows) / batch;
    if (slowed) seconds *= slow_.factor[place];
    if (slow_.stalls && random_.uniform(position) < stall_share) seconds += stall_seconds;
    slept_ += static_cast<std::uint64_t>(1e9 * seconds);
    std::this_thread::sleep_until(begin + std::chrono::duration_cast<clock::duration>(
                                              std::chrono::duration<double>(seconds)));
  }
  /// Seconds of all workers together.
  double slept() const { return 1e-9 * static_cast<double>(slept_.load()); }

 private:
  const slowness& slow_;
  double half_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point start_;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::uint64_t> slept_{0};
  random_stream random_{7, random_purpose::test};
};

/// A layer that takes its time and changes nothing.
class slow_layer final : public layer {
 public:
  slow_layer(shape of, pace& at) : shape_(std::move(of)), pace_(at) {}
  shape output() const override { return shape_; }
  std::unique_ptr<layer_pass> prepare(std::size_t, std::size_t) const override {
    return std::make_unique<pass>(volume(shape_), pace_);
  }

 private:
  class pass final : public layer_pass {
   public:
    pass(std::size_t values, pace& at) : values_(values), pace_(at) {}
    void forward(const float*, float*, const float* x, float* y, std::size_t rows, bool training,
                 const draw& at) override {
      std::copy_n(x, rows * values_, y);
      if (training) pace_.train(rows, at.first_position);
    }
    void backward(const float*, const float*, const float*, float* dy, float*, float* dx,
                  std::size_t rows, const draw&) override {
      if (dx) std::copy_n(dy, rows * values_, dx);
    }

   private:
    std::size_t values_;
    pace& pace_;
  };
  shape shape_;
  pace& pace_;
};

struct measured {
  double seconds = 0, slept = 0;
  std::uint64_t rows = 0, repeated = 0;
};

measured train_epoch(const slowness& s, const std::string& consistency, bool rebalance,
                     std::uint64_t rows, double half) {
  pace at(s, half);
  catalogue known = catalogue::builtin();
  layer_entry entry;
  entry.name = "slow";
  entry.summary = "Takes its time.";
  entry.make = [&](const settings&, const shape& input) {
    return std::make_unique<slow_layer>(input, at);
  };
  known.models.layers.add(entry);
  const job of =
      parse_job(fmt::format("name: straggler\n"
                            "data: {{train: {{format: synthetic, kind: digits, rows: {}}}}}\n"
                            "model:\n"
                            "  input: [784]\n"
                            "  layers: [slow, {{dense: {{units: 10, activation: softmax}}}}]\n"
                            "  loss: categorical_crossentropy\n"
                            "optimizer:\n"
                            "  protocol: adag\n"
                            "  communication_window: {}\n"
                            "  gradient_rule: {{name: sgd, learning_rate: 0.0001}}\n"
                            "  consistency: {}\n"
                            "training: {{epochs: 1, batch_size: {}, evaluate_every: 0}}\n"
                            "supervisor: {{rebalance: {{enabled: {}}}}}\n"
                            "actors: {{workers: {}}}\n",
                            rows, window, consistency, batch, rebalance, workers),
                "bench/straggler", {}, known);
  const train_result result = train(of, {}, known);
  if (!result.ok()) throw std::runtime_error(result.failure);
  return {result.summary["seconds"].get<double>(), at.slept(),
          result.summary["rows_trained"].get<std::uint64_t>(),
          result.summary["rows_repeated"].get<std::uint64_t>()};
}

struct options {
  bool json = false;
  std::uint64_t windows = 60;
  std::string only;
};

void run_case(const slowness& s, const std::string& consistency, const options& o) {
  const double speed = speed_of(s), slowest = slowest_of(s);
  // So that the slowest trains as many windows, if all of them share the epoch by their speeds.
  const auto rows =
      static_cast<std::uint64_t>(static_cast<double>(o.windows * window * batch) * speed * slowest);
  const double alone = static_cast<double>(rows) / batch * batch_seconds;
  // Until half-way nobody is slowed.
  const double half = alone / workers / 2;
  const measured with = train_epoch(s, consistency, true, rows, half);
  const measured without = train_epoch(s, consistency, false, rows, half);
  double ideal = s.half_way ? half + (alone - workers * half) / speed : alone / speed;
  if (s.stalls) ideal = with.slept / workers;
  if (o.json) {
    const nlohmann::ordered_json line = {{"case", s.name},
                                         {"consistency", consistency},
                                         {"workers", workers},
                                         {"ideal_seconds", ideal},
                                         {"seconds", with.seconds},
                                         {"seconds_without", without.seconds},
                                         {"rows_trained", with.rows},
                                         {"rows_repeated", with.repeated}};
    std::puts(line.dump().c_str());
  } else {
    std::printf("%-24s %-42s %7.2f %7.2f %6.2fx %8.2f %6.2fx\n", s.name.c_str(),
                consistency.c_str(), ideal, with.seconds, with.seconds / ideal, without.seconds,
                without.seconds / ideal);
  }
  std::fflush(stdout);
}

[[noreturn]] void usage() {
  std::fputs("usage: bench/straggler [--windows N] [--only CASE] [--json]\n", stderr);
  std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
  options o;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const bool more = i + 1 < argc;
    if (option == "--json")
      o.json = true;
    else if (option == "--windows" && more)
      o.windows = static_cast<std::uint64_t>(std::clamp(std::atoi(argv[++i]), 1, 10000));
    else if (option == "--only" && more)
      o.only = argv[++i];
    else
      usage();
  }
  try {
    if (!o.json) {
      std::printf("%-24s %-42s %7s %7s %7s %8s %7s\n", "case", "consistency", "ideal", "with",
                  "/ideal", "without", "/ideal");
    }
    for (const slowness& s : cases) {
      for (const std::string consistency :
           {"asynchronous", "{name: bounded, staleness: 4}", "synchronous",
            "{name: synchronous, backup_workers: 1}"}) {
        const bool backups = consistency.find("backup") != std::string::npos;
        if (backups && !s.stalls) continue;
        const std::string all = s.name + " " + consistency;
        if (all.find(o.only) != std::string::npos) run_case(s, consistency, o);
      }
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench/straggler: %s\n", e.what());
    return 1;
  }
}
