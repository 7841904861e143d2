// What one message and its answer cost: an actor sends a commit and gets it back, within one
// process and between two, with payloads of several sizes. Beside the time, how often the asking
// process takes something from the heap.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <caf/all.hpp>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "nodes.hpp"
#include "timing.hpp"
#include "troupe/actors/cast.hpp"
#include "troupe/base/error.hpp"
#include "troupe/cluster/nodes/configure_cluster.hpp"

using namespace troupe;
using namespace troupe::bench;

namespace {

std::atomic<std::uint64_t> taken{0};  // from the heap, by all threads

void* take(std::size_t bytes, std::size_t alignment) {
  taken.fetch_add(1, std::memory_order_relaxed);
  void* const memory =
      alignment > alignof(std::max_align_t)
          ? std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment)
          : std::malloc(std::max<std::size_t>(bytes, 1));
  if (!memory) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t bytes) {
  return take(bytes, 1);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return take(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace {

struct arguments {
  std::vector<std::string> transports = {"process", "shared", "tls", "tcp"};
  std::vector<std::size_t> sizes = {0, 4 << 10, 64 << 10, 1 << 20};
  double seconds = 1;
  bool json = false;
};

caf::behavior echo(caf::event_based_actor*) {
  return {[](const commit_msg& message) { return message; }};
}

commit_msg message_of(std::size_t bytes) {
  wire_builder<schema::Commit> out;
  const auto payload = out.bytes(bytes, [&](auto&& data) { out->adoptPayload(kj::mv(data)); });
  std::fill_n(payload.data(), payload.size(), std::byte{1});
  return std::move(out).finish();
}

struct found {
  double microseconds = 0, takes = 0;  ///< of a message and its answer
};

/// One message after the other; a new one each time, as in training.
found talk(caf::actor_system& system, const caf::actor& to, std::size_t bytes, double seconds) {
  caf::scoped_actor self(system);
  const auto once = [&] {
    self->request(to, caf::infinite, message_of(bytes))
        .receive([](const commit_msg&) {},
                 [&](const caf::error& e) { throw run_error("bench/messages", system.render(e)); });
  };
  for (int i = 0; i < 50; ++i) once();
  std::vector<double> times;
  const std::uint64_t before = taken;
  const auto start = ticks::now();
  while (seconds_since(start) < seconds) {
    const auto sent = ticks::now();
    once();
    times.push_back(1e6 * seconds_since(sent));
  }
  const double takes = static_cast<double>(taken - before) /
                       static_cast<double>(std::max<std::size_t>(times.size(), 1));
  return {median(times), takes};
}

found measure(const std::string& transport, std::size_t bytes, double seconds) {
  if (transport == "process") {
    caf::actor_system_config config;
    configure_cluster(config, 10);
    caf::actor_system system(config);
    const caf::actor to = system.spawn(echo);
    const found got = talk(system, to, bytes, seconds);
    caf::anon_send_exit(to, caf::exit_reason::user_shutdown);
    return got;
  }
  node_work work;
  work.offer = [](caf::actor_system& system) { return system.spawn(echo); };
  work.signatures = [](caf::actor_system&) { return std::set<std::string>(); };
  found got;
  // A process makes one number: two of them, one after the other.
  work.ask = [&](caf::actor_system& system, const caf::actor& to, std::uint32_t) {
    return talk(system, to, bytes, seconds).microseconds;
  };
  got.microseconds = over_nodes(transport, 1, work).front();
  work.ask = [&](caf::actor_system& system, const caf::actor& to, std::uint32_t) {
    return talk(system, to, bytes, seconds / 4).takes;
  };
  got.takes = over_nodes(transport, 1, work).front();
  return got;
}

}  // namespace

int main(int argc, char** argv) {
  arguments a;
  CLI::App app{"Microseconds and heap allocations of a message and its answer."};
  app.name("bench/messages");
  app.add_option("--transport", a.transports, "process, shared, tls, tcp")
      ->delimiter(',')
      ->check(CLI::IsMember(a.transports));
  app.add_option("--bytes", a.sizes, "of the payload, each way")
      ->delimiter(',')
      ->check(CLI::Range(std::size_t{0}, std::size_t{200} << 20));
  app.add_option("--seconds", a.seconds, "of each row")->check(CLI::Range(0.01, 600.0));
  app.add_flag("--json", a.json, "one object a row");
  CLI11_PARSE(app, argc, argv);
  try {
    if (!a.json) {
      fmt::print("{:<8} {:>9} {:>14} {:>10} {:>12}\n", "between", "bytes", "microseconds", "GB/s",
                 "allocations");
    }
    for (const std::string& transport : a.transports) {
      for (const std::size_t bytes : a.sizes) {
        const found got = measure(transport, bytes, a.seconds);
        const double rate = 2e-3 * static_cast<double>(bytes) / got.microseconds;
        if (a.json) {
          fmt::print(
              "{{\"transport\":\"{}\",\"bytes\":{},\"microseconds\":{:.2f},"
              "\"gigabytes_per_second\":{:.4f},\"allocations\":{:.1f}}}\n",
              transport, bytes, got.microseconds, rate, got.takes);
        } else {
          fmt::print("{:<8} {:>9} {:>14.1f} {:>10.3f} {:>12.1f}\n", transport, bytes,
                     got.microseconds, rate, got.takes);
        }
        std::fflush(stdout);
      }
    }
  } catch (const error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
