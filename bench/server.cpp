// What a parameter server takes and gives: workers that train nothing commit a model and take the
// answer, slice by slice, as fast as they can. Over nodes each worker is a process of its own.
// Beside it, what the machine does with the same bytes: a copy of them within one process, and
// blocking sockets that send each slice to and fro.

#include <fmt/format.h>

#include <caf/all.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "nodes.hpp"
#include "server_limits.hpp"
#include "timing.hpp"
#include "troupe/actors/center_puller.hpp"
#include "troupe/actors/parameter_server.hpp"
#include "troupe/actors/payload.hpp"
#include "troupe/actors/replica.hpp"
#include "troupe/base/error.hpp"
#include "troupe/cluster/nodes/configure_cluster.hpp"
#include "troupe/config/reader.hpp"

using namespace troupe;
using namespace troupe::bench;
using arguments = server_arguments;

namespace {

constexpr std::size_t row_bytes = 4096;  // the model: 1,023 inputs and a bias for each of its units

std::shared_ptr<run_plan> make_plan(const arguments& a) {
  const catalogue known = catalogue::builtin();
  const job parsed =
      parse_job(fmt::format("name: server\n"
                            "data: {{train: {{format: synthetic, rows: 64}}}}\n"
                            "model:\n"
                            "  input: [1023]\n"
                            "  layers: [{{dense: {{units: {}}}}}]\n"
                            "  loss: categorical_crossentropy\n"
                            "optimizer: {{protocol: adag, gradient_rule: {{name: sgd}}}}\n"
                            "training: {{epochs: 1, batch_size: 1}}\n"
                            "actors: {{workers: {}, slice: {}}}\n",
                            a.model_bytes / row_bytes, a.workers, a.slice_bytes / sizeof(float)),
                "bench/server", {}, known);
  data_facts data;
  data.transforms = pipeline({}, {1023}, known.data.transforms);
  data.rows = std::uint64_t{1} << 30;
  return make_run_plan(parsed, known, data, 1);
}

/// A worker that only talks: its replica writes commits and takes answers, but is never stepped.
struct pusher_state {
  std::shared_ptr<const run_plan> plan;
  std::uint32_t number = 0;
  double seconds = 0;
  std::unique_ptr<replica> model;
  std::unique_ptr<payload_codec> codec;
  std::unique_ptr<answer_codec> answers;
  parameter_server_actor home;
  std::vector<std::uint64_t> version;
  std::uint64_t sequence = 0, windows = 0;
  std::size_t next = 0, unanswered = 0;
  ticks::time_point start;
  caf::response_promise done;
};
using pusher_actor = caf::stateful_actor<pusher_state>;

void push_window(pusher_actor* self);

commit_msg make_commit(pusher_state& s, std::uint32_t slice) {
  wire_builder<schema::Commit> commit;
  commit->setRun(s.plan->run);
  commit->setSlice(slice);
  commit->setWorker(s.number);
  commit->setIncarnation(1);
  commit->setSequence(s.sequence);
  commit->setBaseVersion(s.version[slice]);
  commit->setMiniBatches(1);
  commit->setRows(1);
  s.codec->write(commit, [&](span<float> payload) { s.model->write(slice, {1, 1}, payload); });
  return std::move(commit).finish();
}

void push_more(pusher_actor* self) {
  auto& s = self->state;
  for (; s.next < s.plan->slice_count() && s.unanswered < slice_credit; ++s.next, ++s.unanswered) {
    const auto slice = static_cast<std::uint32_t>(s.next);
    self->request(s.home, answer_timeout, make_commit(s, slice))
        .then([self, slice](const verdict_msg&, const center_msg& center) {
          auto& now = self->state;
          span<const float> values;
          if (!now.answers->read(*center, now.plan->range_of(slice).count, values).empty()) {
            return self->quit(caf::exit_reason::unknown);
          }
          now.model->answered(slice, replica::news::applied, {}, values);
          now.version[slice] = (*center).getVersion();
          --now.unanswered;
          push_more(self);
        });
  }
  if (s.next < s.plan->slice_count() || s.unanswered > 0) return;
  ++s.windows;
  push_window(self);
}

void push_window(pusher_actor* self) {
  auto& s = self->state;
  // The first window finds memory that nobody has touched.
  if (s.windows == 1) s.start = ticks::now();
  if (s.windows > 1 && seconds_since(s.start) >= s.seconds) {
    return s.done.deliver(static_cast<double>(s.windows - 1), seconds_since(s.start));
  }
  ++s.sequence;
  s.next = 0;
  push_more(self);
}

caf::behavior pusher(pusher_actor* self, std::shared_ptr<const run_plan> plan, std::uint32_t number,
                     double seconds) {
  auto& s = self->state;
  s.plan = std::move(plan);
  s.number = number;
  s.seconds = seconds;
  s.model = std::make_unique<replica>(s.plan);
  s.codec = std::make_unique<payload_codec>(s.plan, true);
  s.answers = std::make_unique<answer_codec>(*s.plan);
  s.version.assign(s.plan->slice_count(), 0);
  s.model->start();
  return {[self](const parameter_server_actor& home) {
    self->state.home = home;
    self->state.done = self->make_response_promise();
    push_window(self);
    return self->state.done;
  }};
}

parameter_server_actor start_server(caf::actor_system& system,
                                    const std::shared_ptr<const run_plan>& plan) {
  const auto server = system.spawn(parameter_server, plan, 0u);
  caf::scoped_actor self(system);
  for (std::uint32_t slice = 0; slice < plan->slice_count(); ++slice) {
    wire_builder<schema::Install> install;
    install->setRun(plan->run);
    install->setSlice(slice);
    install->setFirst(plan->range_of(slice).first);
    const auto values = install.floats(plan->range_of(slice).count,
                                       [&](auto&& d) { install->adoptPayload(kj::mv(d)); });
    std::fill(values.begin(), values.end(), 0.0f);
    self->request(server, answer_timeout, std::move(install).finish())
        .receive([](installed_atom) {},
                 [&](const caf::error& e) { throw run_error("server", system.render(e)); });
  }
  return server;
}

rate run_pushers(caf::actor_system& system, const std::shared_ptr<const run_plan>& plan,
                 const parameter_server_actor& server, std::uint32_t first, std::uint32_t count,
                 double seconds) {
  caf::scoped_actor self(system);
  rate all;
  std::vector<caf::actor> who;
  for (std::uint32_t i = 0; i < count; ++i) {
    who.push_back(system.spawn<caf::detached>(pusher, plan, first + i, seconds));
  }
  for (const auto& one : who) self->send(one, server);
  for (std::uint32_t i = 0; i < count; ++i) {
    self->receive([&](double windows, double took) {
      all.windows += windows / took;
      all.seconds = 1;
    });
  }
  for (const auto& one : who) self->send_exit(one, caf::exit_reason::user_shutdown);
  return all;
}

rate in_one_process(const arguments& a) {
  const auto plan = make_plan(a);
  caf::actor_system_config config;
  configure_cluster(config, 10);
  caf::actor_system system(config);
  const auto server = start_server(system, plan);
  const rate all = run_pushers(system, plan, server, 0, a.workers, a.seconds);
  caf::anon_send_exit(server, caf::exit_reason::user_shutdown);
  return all;
}

rate over_processes(const arguments& a) {
  parameter_server_actor home;
  node_work work;
  work.offer = [&](caf::actor_system& system) {
    home = start_server(system, make_plan(a));
    return caf::actor_cast<caf::actor>(home);
  };
  work.signatures = [&](caf::actor_system& system) { return system.message_types(home); };
  work.ask = [&](caf::actor_system& system, const caf::actor& server, std::uint32_t number) {
    return run_pushers(system, make_plan(a), caf::actor_cast<parameter_server_actor>(server),
                       number, 1, a.seconds)
        .windows;
  };
  rate all{0, 1};
  for (const double windows : over_nodes(a.transport, a.workers, work)) all.windows += windows;
  return all;
}

[[noreturn]] void usage() {
  std::fputs(
      "usage: bench/server [--json] [--transport process|shared|tls|tcp|sockets|copy]\n"
      "                    [--workers N] [--model-bytes N] [--slice-bytes N] [--seconds S]\n",
      stderr);
  std::exit(2);
}

arguments read(int argc, char** argv) {
  arguments out;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--json") {
      out.json = true;
      continue;
    }
    if (i + 1 == argc) usage();
    const std::string value = argv[++i];
    const long long number = std::atoll(value.c_str());
    if (option == "--transport") {
      out.transport = value;
    } else if (option == "--seconds") {
      out.seconds = std::atof(value.c_str());
    } else if (number < 1) {
      usage();
    } else if (option == "--workers") {
      out.workers = static_cast<std::uint32_t>(number);
    } else if (option == "--model-bytes") {
      out.model_bytes = static_cast<std::size_t>(number);
    } else if (option == "--slice-bytes") {
      out.slice_bytes = static_cast<std::size_t>(number);
    } else {
      usage();
    }
  }
  const bool whole = out.model_bytes % row_bytes == 0 && out.slice_bytes % row_bytes == 0;
  if (!whole || !(out.seconds > 0) || out.workers > 64) usage();
  out.slice_bytes = std::min(out.slice_bytes, out.model_bytes);
  return out;
}

rate measure(const arguments& a) {
  if (a.transport == "process") return in_one_process(a);
  if (a.transport == "sockets") return over_sockets(a);
  if (a.transport == "copy") return by_copying(a);
  if (a.transport == "shared" || a.transport == "tls" || a.transport == "tcp") {
    return over_processes(a);
  }
  usage();
}

}  // namespace

int main(int argc, char** argv) {
  const arguments a = read(argc, argv);
  try {
    const rate got = measure(a);
    const double windows = got.windows / got.seconds;
    const double gigabytes = windows * 2e-9 * static_cast<double>(a.model_bytes);
    if (a.json) {
      fmt::print(
          "{{\"transport\":\"{}\",\"workers\":{},\"slice_bytes\":{},\"model_bytes\":{},"
          "\"commits_per_second\":{:.2f},\"gigabytes_per_second\":{:.4f}}}\n",
          a.transport, a.workers, a.slice_bytes, a.model_bytes, windows, gigabytes);
    } else {
      fmt::print("{:<8} {:>3} workers  slices of {:>8}  model of {:>9}  {:>9.1f}/s {:>7.2f} GB/s\n",
                 a.transport, a.workers, a.slice_bytes, a.model_bytes, windows, gigabytes);
    }
  } catch (const error& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
  return 0;
}
