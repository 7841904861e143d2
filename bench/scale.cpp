// A run of very many workers and servers in virtual time, on the supervisor's real classes: what a
// report and a decision cost it, how many messages pass, and how near the run comes to the ideal.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <deque>
#include <limits>
#include <queue>
#include <string>
#include <vector>

#include "troupe/actors/allocation.hpp"
#include "troupe/actors/messages/wire.hpp"
#include "troupe/actors/run_totals.hpp"
#include "troupe/base/random.hpp"
#include "troupe/config/reader.hpp"

using namespace troupe;

namespace {

struct arguments {
  std::uint32_t workers = 10000, servers = 1000, windows = 40, deaths = 100;
  bool synchronous = false, json = false;
};

[[noreturn]] void usage() {
  std::fputs(
      "usage: bench/scale [--workers N] [--servers N] [--windows N] [--deaths N] [--synchronous] "
      "[--json]\n",
      stderr);
  std::exit(2);
}

arguments read(int argc, char** argv) {
  arguments out;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const auto number = [&] {
      if (i + 1 == argc) usage();
      const long value = std::atol(argv[++i]);
      if (value < 0 || value > 65536) usage();
      return static_cast<std::uint32_t>(value);
    };
    if (option == "--workers")
      out.workers = std::max(number(), 1u);
    else if (option == "--servers")
      out.servers = std::max(number(), 1u);
    else if (option == "--windows")
      out.windows = std::max(number(), 1u);
    else if (option == "--deaths")
      out.deaths = number();
    else if (option == "--synchronous")
      out.synchronous = true;
    else if (option == "--json")
      out.json = true;
    else
      usage();
  }
  return out;
}

constexpr std::uint32_t batch = 32, window = 5;
constexpr std::uint64_t window_rows = batch * window;

/// A slice for each server: a dense layer of 65,536 parameters a server.
std::shared_ptr<const run_plan> make_plan(const arguments& a) {
  const catalogue known = catalogue::builtin();
  const job of =
      parse_job(fmt::format("name: scale\n"
                            "data: {{train: {{format: synthetic, rows: 64}}}}\n"
                            "model:\n"
                            "  input: [256]\n"
                            "  layers: [{{dense: {{units: {}, use_bias: false}}}}]\n"
                            "  loss: mean_squared_error\n"
                            "optimizer:\n"
                            "  protocol: downpour\n"
                            "  communication_window: {}\n"
                            "  consistency: {}\n"
                            "training: {{epochs: 1, batch_size: {}}}\n"
                            "actors: {{workers: {}, parameter_servers: {}}}\n",
                            256 * a.servers, window, a.synchronous ? "synchronous" : "asynchronous",
                            batch, a.workers, a.servers),
                "bench/scale", {}, known);
  data_facts data;
  data.transforms = pipeline({}, {256}, known.data.transforms);
  data.rows = std::uint64_t{a.workers} * a.windows * window_rows;
  return make_run_plan(of, known, data, 1);
}

/// Seconds of this process's own work, added up.
class stopwatch {
 public:
  template <class Function>
  auto time(Function f) {
    const auto begin = clock::now();
    auto out = f();
    const auto took = std::chrono::duration<double>(clock::now() - begin).count();
    seconds_ += took;
    most_ = std::max(most_, took);
    ++count_;
    return out;
  }
  double mean_us() const { return count_ == 0 ? 0 : 1e6 * seconds_ / static_cast<double>(count_); }
  double most_us() const { return 1e6 * most_; }
  double seconds() const { return seconds_; }
  std::uint64_t count() const { return count_; }

 private:
  using clock = std::chrono::steady_clock;
  double seconds_ = 0, most_ = 0;
  std::uint64_t count_ = 0;
};

/// The workers, each with a speed of its own, and their conversation with the supervisor's classes.
class play {
 public:
  explicit play(const arguments& a)
      : arguments_(a), plan_(make_plan(a)), allocation_(plan_, a.workers), totals_(plan_) {
    workers_.resize(a.workers);
    const random_stream draws(1, random_purpose::test);
    for (std::uint32_t k = 0; k < a.workers; ++k) {
      // Half to twice the usual speed, about 0.1 s a window.
      workers_[k].speed = 10.0 * window_rows * std::exp2(2 * draws.uniform(k) - 1);
      speeds_ += workers_[k].speed;
      allocation_.joined(k);
    }
    for (std::uint32_t k = 0; k < a.deaths && k < a.workers / 2; ++k) {
      events_.push({(0.05 + 0.8 * draws.uniform(a.workers + k)) * ideal(), 2 * k, true});
    }
  }

  double ideal() const { return static_cast<double>(plan_->total_rows()) / speeds_; }

  void run() {
    grant();
    while (!events_.empty() && !allocation_.all_done()) {
      const event e = events_.top();
      events_.pop();
      now_ = e.time;
      if (e.death) {
        die(e.worker);
      } else if (e.life == workers_[e.worker].life) {
        trained(e.worker);
      }
    }
    if (!allocation_.all_done()) throw std::runtime_error("the run stands still");
  }

  void print() const {
    const auto windows = static_cast<double>(reports_.count());
    const double slices = static_cast<double>(plan_->slice_count());
    const double to_supervisor = windows, from_supervisor = static_cast<double>(leases_ + moves_);
    const double at_server = 2 * windows * slices / arguments_.servers;
    const char* format =
        arguments_.json
            ? "{{\"workers\":{},\"servers\":{},\"consistency\":\"{}\",\"windows\":{},"
              "\"report_us\":{:.3f},\"report_us_most\":{:.1f},\"decision_us\":{:.3f},"
              "\"decision_us_most\":{:.1f},\"supervisor_seconds\":{:.3f},\"run_seconds\":{:.2f},"
              "\"ideal_seconds\":{:.2f},\"supervisor_messages\":{:.0f},"
              "\"messages_per_server\":{:.0f},\"deaths\":{}}}\n"
            : "{} workers, {} servers, {}: {} windows\n"
              "a report costs {:.2f} us (at most {:.1f}), a decision {:.2f} us (at most {:.1f})\n"
              "the supervisor works {:.2f} s of a run of {:.1f} s (ideal {:.1f} s)\n"
              "messages: {:.0f} at the supervisor, {:.0f} at each server; {} workers died\n";
    fmt::print(fmt::runtime(format), arguments_.workers, arguments_.servers,
               arguments_.synchronous ? "synchronous" : "asynchronous", reports_.count(),
               reports_.mean_us(), reports_.most_us(), decisions_.mean_us(), decisions_.most_us(),
               reports_.seconds() + decisions_.seconds(), now_, ideal(),
               to_supervisor + from_supervisor, at_server, deaths_);
  }

 private:
  struct event {
    double time = 0;
    std::uint32_t worker = 0;
    bool death = false;
    std::uint32_t life = 0;
    bool operator<(const event& o) const { return time > o.time; }
  };
  struct worker_state {
    double speed = 0, ready = 0;
    std::uint32_t life = 0;
    bool busy = false, dead = false;
    std::deque<lease> leases;
    std::uint64_t sequence = 0, clock = 0;
    std::vector<lease> window;  // what it trains now
  };

  void grant() {
    const auto leases = decisions_.time([&] { return allocation_.grant(now_); });
    allocation_.take_view();
    leases_ += leases.size();
    for (const lease& l : leases) {
      workers_[l.worker].leases.push_back(l);
      start(l.worker);
    }
    const auto moved = decisions_.time([&] { return allocation_.revoke(now_); });
    for (const auto& asked : moved) give_back(asked.worker, asked.lease);
    if (!moved.empty()) grant();
  }

  /// What it has not begun of a lease.
  void give_back(std::uint32_t number, std::uint64_t id) {
    auto& leases = workers_[number].leases;
    const auto found =
        std::find_if(leases.begin(), leases.end(), [&](const lease& l) { return l.id == id; });
    if (found == leases.end()) return;
    wire_builder<schema::Yielded> message;
    message->setWorker(number);
    message->setLease(id);
    message->setFirst(found->range.first);
    leases.erase(found);
    ++moves_;
    const std::string problem = allocation_.take(*std::move(message).finish(), now_);
    if (!problem.empty()) throw std::runtime_error(problem);
  }

  /// Its next window: as many rows as one has, or its part of a round.
  void start(std::uint32_t number) {
    worker_state& w = workers_[number];
    if (w.busy || w.dead || w.leases.empty()) return;
    const bool whole =
        !arguments_.synchronous ||
        std::any_of(w.leases.begin(), w.leases.end(), [](const lease& l) { return l.closes; });
    if (!whole) return;
    w.window.clear();
    std::uint64_t rows = 0;
    bool closed = false;
    while (!w.leases.empty() && !closed && (arguments_.synchronous || rows < window_rows)) {
      lease& next = w.leases.front();
      lease part = next;
      if (!arguments_.synchronous) {
        part.range.last = std::min(next.range.last, next.range.first + window_rows - rows);
      }
      rows += part.range.size();
      w.window.push_back(part);
      next.range.first = part.range.last;
      closed = arguments_.synchronous && next.closes;
      if (next.range.size() == 0) w.leases.pop_front();
    }
    w.busy = true;
    w.clock = w.window.back().clock;
    const double done = std::max(now_, w.ready) + static_cast<double>(rows) / w.speed;
    events_.push({done, number, false, w.life});
  }

  void trained(std::uint32_t number) {
    if (!arguments_.synchronous) return report(number);
    // All of a round are answered when the last one is here.
    waiting_.push_back(number);
    const auto here = static_cast<std::size_t>(std::count_if(
        workers_.begin(), workers_.end(), [](const worker_state& w) { return w.busy; }));
    if (waiting_.size() < here) return;
    for (const std::uint32_t worker : std::exchange(waiting_, {})) report(worker);
  }

  void report(std::uint32_t number) {
    worker_state& w = workers_[number];
    wire_builder<schema::Progress> message;
    message->setWorker(number);
    message->setIncarnation(1);
    message->setSequence(++w.sequence);
    message->setClock(w.clock);
    std::uint64_t rows = 0;
    std::vector<position_range> ranges;
    for (const lease& l : w.window) {
      if (l.range.size() > 0) ranges.push_back(l.range);
      rows += l.range.size();
    }
    auto list = message->initRanges(static_cast<unsigned>(ranges.size()));
    for (unsigned i = 0; i < list.size(); ++i) {
      list[i].setFirst(ranges[i].first);
      list[i].setLast(ranges[i].last);
    }
    message->setRows(rows);
    message->setMiniBatches(static_cast<std::uint32_t>((rows + batch - 1) / batch));
    message->setCommitted(true);
    message->setSeconds(static_cast<double>(rows) / w.speed);
    const wire<schema::Progress> sent = std::move(message).finish();
    const std::string problem = reports_.time([&] {
      totals_.add(*sent);
      return allocation_.take(*sent, now_);
    });
    if (!problem.empty()) throw std::runtime_error(problem);
    w.busy = false;
    grant();
    start(number);
  }

  void die(std::uint32_t number) {
    worker_state& w = workers_[number];
    if (w.dead) return;
    ++deaths_;
    w.dead = true;
    w.busy = false;
    ++w.life;
    w.leases.clear();
    waiting_.erase(std::remove(waiting_.begin(), waiting_.end(), number), waiting_.end());
    decisions_.time([&] {
      allocation_.left(number);
      allocation_.give_up(number, 0);
      return 0;
    });
    grant();
    if (arguments_.synchronous && !waiting_.empty()) {
      const std::uint32_t last = waiting_.back();
      waiting_.pop_back();
      trained(last);
    }
  }

  const arguments arguments_;
  std::shared_ptr<const run_plan> plan_;
  allocation allocation_;
  run_totals totals_;
  std::vector<worker_state> workers_;
  std::priority_queue<event> events_;
  std::vector<std::uint32_t> waiting_;
  stopwatch reports_, decisions_;
  std::uint64_t leases_ = 0, moves_ = 0;
  std::uint32_t deaths_ = 0;
  double now_ = 0, speeds_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    play run(read(argc, argv));
    run.run();
    run.print();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench/scale: %s\n", e.what());
    return 1;
  }
  return 0;
}
