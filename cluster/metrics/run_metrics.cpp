#include "troupe/cluster/metrics/run_metrics.hpp"

#include <functional>
#include <optional>
#include <vector>

#include "troupe/actors/version.hpp"
#include "troupe/cluster/metrics/exposition.hpp"

namespace troupe {

namespace {

using json = nlohmann::ordered_json;
using kind = exposition::kind;
using labels = exposition::labels;

constexpr double megabyte = 1 << 20;

/// A family of which a status has one number in each object of a kind, under this key.
struct family {
  const char* key;
  const char* name;
  kind of;
  const char* help;
  double unit = 1;
};

const family run_families[] = {
    {"seconds", "troupe_training_seconds", kind::gauge,
     "Time since training began, pauses not counted."},
    {"epoch", "troupe_epoch", kind::gauge, "Epoch under way, counted from 1."},
    {"epochs", "troupe_epochs", kind::gauge, "Epochs that the job asks for."},
    {"rows", "troupe_rows_total", kind::counter,
     "Rows trained; less again where the run goes back to a checkpoint."},
    {"total_rows", "troupe_rows_goal", kind::gauge, "Rows of all epochs of the job."},
    {"rows_repeated", "troupe_rows_repeated_total", kind::counter,
     "Rows that had to be trained again."},
    {"samples_per_second", "troupe_samples_per_second", kind::gauge,
     "Rows trained in a second, over the whole run so far."},
    {"loss", "troupe_loss", kind::gauge, "Training loss, over the last window of each worker."},
    {"accuracy", "troupe_accuracy", kind::gauge,
     "Share of training rows that were right, over the last window of each worker."},
    {"commits", "troupe_commits_total", kind::counter,
     "Windows that the parameter servers have taken."},
    {"mean_staleness", "troupe_mean_staleness", kind::gauge,
     "Commits of others that a commit had not seen, mean over all so far."},
    {"bytes_sent", "troupe_sent_bytes_total", kind::counter,
     "Payload of commits, as encoded: workers to parameter servers."},
    {"bytes_received", "troupe_received_bytes_total", kind::counter,
     "Payload of answers, as encoded: parameter servers to workers."},
};

const family evaluation_families[] = {
    {"loss", "troupe_evaluation_loss", kind::gauge, "Loss of the last evaluation."},
    {"rows", "troupe_evaluation_rows", kind::gauge,
     "Rows that were trained when the last evaluation was asked for."},
    {"time", "troupe_evaluation_seconds", kind::gauge,
     "When the last evaluation was: time since training began."},
};

const family checkpoint_families[] = {
    {"written", "troupe_checkpoints_total", kind::counter,
     "Checkpoints written since this process leads the run."},
    {"rows", "troupe_checkpoint_rows", kind::gauge, "Rows that the last checkpoint holds."},
    {"time", "troupe_checkpoint_seconds", kind::gauge,
     "When the last checkpoint was written: time since training began."},
};

const family worker_families[] = {
    {"incarnation", "troupe_worker_incarnation", kind::gauge,
     "Which actor plays this worker: from the second on, those before were lost."},
    {"rows", "troupe_worker_rows_total", kind::counter, "Rows that the worker trained."},
    {"mini_batches", "troupe_worker_mini_batches_total", kind::counter,
     "Mini-batches that the worker trained."},
    {"commits", "troupe_worker_commits_total", kind::counter,
     "Windows of the worker that the parameter servers have taken."},
    {"samples_per_second", "troupe_worker_samples_per_second", kind::gauge,
     "Rows in a second, over the worker's last windows."},
    {"seconds", "troupe_worker_window_seconds_total", kind::counter,
     "Time of the worker's windows, from the first mini-batch to the last answer."},
    {"seconds_waited", "troupe_worker_wait_seconds_total", kind::counter,
     "Of the time of windows, how long the worker waited for others to be answered."},
    {"staleness", "troupe_worker_staleness", kind::gauge,
     "Commits of others that the worker's last commit had not seen."},
    {"loss", "troupe_worker_loss", kind::gauge, "Training loss of the worker's last window."},
    {"accuracy", "troupe_worker_accuracy", kind::gauge,
     "Share of rows that were right in the worker's last window."},
    {"rows_leased", "troupe_worker_leased_rows", kind::gauge,
     "Rows the worker was given and has not reported."},
    {"rows_moved_in", "troupe_worker_rows_moved_in_total", kind::counter,
     "Rows that were others' and were moved to the worker."},
    {"rows_moved_out", "troupe_worker_rows_moved_out_total", kind::counter,
     "Rows that were moved away from the worker."},
    {"window_rows", "troupe_worker_window_rows", kind::gauge, "Rows of one of its windows."},
    {"windows_behind", "troupe_worker_windows_behind", kind::gauge,
     "Windows the worker is behind the one furthest on."},
    {"seconds_since_report", "troupe_worker_report_age_seconds", kind::gauge,
     "How long ago the worker reported last."},
};

const family server_families[] = {
    {"queue", "troupe_server_queue_messages", kind::gauge,
     "Messages that wait at the parameter server."},
};

const family slice_families[] = {
    {"version", "troupe_slice_version", kind::gauge, "Version of the slice's parameters."},
    {"commits", "troupe_slice_commits_total", kind::counter,
     "Commits that were applied to the slice by this parameter server."},
    {"bytes_received", "troupe_slice_received_bytes_total", kind::counter,
     "Payload of commits to the slice, as encoded."},
    {"bytes_sent", "troupe_slice_sent_bytes_total", kind::counter,
     "Payload of answers from the slice, as encoded."},
};

const family node_families[] = {
    {"cores", "troupe_node_cores", kind::gauge, "Processor cores of the node."},
    {"memory_mb", "troupe_node_memory_bytes", kind::gauge, "Memory of the node.", megabyte},
    {"used_mb", "troupe_node_resident_memory_bytes", kind::gauge,
     "Memory that the node's process holds.", megabyte},
    {"cpu_seconds", "troupe_node_cpu_seconds_total", kind::counter,
     "Processor time that the node's process took."},
    {"heard_seconds_ago", "troupe_node_heard_age_seconds", kind::gauge,
     "How long ago the node gave its last sign of life."},
};

const char* const run_states[] = {"assembling", "installing", "joining", "training",
                                  "paused",     "finishing",  "scoring", "done"};
const char* const worker_states[] = {"absent", "joining", "ready", "silent", "lost"};
const char* const server_states[] = {"ready", "silent"};
const char* const node_states[] = {"awaited", "here", "silent", "lost", "left"};

const json& at(const json& object, const char* key) {
  static const json none;
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() ? *found : none;
}

std::optional<double> number(const json& object, const char* key) {
  const json& value = at(object, key);
  return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

/// Of a word, or of a number that numbers something.
std::string word(const json& object, const char* key) {
  const json& value = at(object, key);
  if (value.is_string()) return value.get<std::string>();
  return value.is_number_integer() ? value.dump() : std::string();
}

struct labelled {
  const json* object;
  labels of;
};

/// The objects of a list, each with its labels.
std::vector<labelled> objects_of(const json& list, const std::function<labels(const json&)>& of) {
  std::vector<labelled> out;
  if (!list.is_array()) return out;
  for (const json& object : list) {
    if (object.is_object()) out.push_back({&object, of(object)});
  }
  return out;
}

class writer {
 public:
  template <class Families>
  void families(const Families& all, const std::vector<labelled>& objects) {
    for (const family& f : all) {
      out_.family(f.name, f.of, f.help);
      for (const labelled& one : objects) {
        const auto value = number(*one.object, f.key);
        if (value) out_.sample(*value * f.unit, one.of);
      }
    }
  }

  /// A sample for each state: 1 for the one it is in. States nobody knows here count as well.
  template <class States>
  void states(const char* name, const char* help, const States& all,
              const std::vector<labelled>& objects) {
    out_.family(name, kind::gauge, help);
    for (const labelled& one : objects) {
      const std::string now = word(*one.object, "state");
      bool known = now.empty();
      const auto put = [&](const std::string& state) {
        labels of = one.of;
        of.emplace_back("state", state);
        out_.sample(state == now ? 1 : 0, of);
      };
      for (const char* state : all) {
        known = known || state == now;
        put(state);
      }
      if (!known) put(now);
    }
  }

  void one(const char* name, kind of, const char* help, double value, const labels& with = {}) {
    out_.family(name, of, help);
    out_.sample(value, with);
  }
  exposition& out() { return out_; }

 private:
  exposition out_;
};

void write_run(writer& to, const json& status) {
  to.one("troupe_build_info", kind::gauge, "Version of the program that leads the run.", 1,
         {{"version", version}});
  labels of;
  for (const char* key : {"name", "protocol", "consistency", "compression"}) {
    of.emplace_back(key, word(status, key));
  }
  to.one("troupe_run_info", kind::gauge, "What is trained, and how.", 1, of);
  const std::vector<labelled> run = {{&status, {}}};
  to.states("troupe_run_state", "How the run stands: 1 for the state it is in.", run_states, run);
  to.families(run_families, run);
  const auto rows = number(status, "rows"), goal = number(status, "total_rows");
  if (rows && goal && *goal > 0) {
    to.one("troupe_progress_ratio", kind::gauge, "Share of the job's rows that are trained.",
           *rows / *goal);
  }
}

void write_evaluation(writer& to, const json& last) {
  if (!last.is_object()) return;
  const std::string part = word(last, "part");
  to.families(evaluation_families, {{&last, {{"part", part}}}});
  to.out().family("troupe_evaluation_metric", kind::gauge,
                  "Metrics of the model at the last evaluation.");
  const json& metrics = at(last, "metrics");
  if (!metrics.is_object()) return;
  for (const auto& [name, value] : metrics.items()) {
    if (!value.is_number()) continue;
    to.out().sample(value.get<double>(), {{"part", part}, {"metric", name}});
  }
}

void write_servers(writer& to, const json& servers) {
  const auto all = objects_of(servers, [](const json& s) {
    return labels{{"server", word(s, "parameter_server")}, {"node", word(s, "node")}};
  });
  to.states("troupe_server_state", "How a parameter server stands: 1 for the state it is in.",
            server_states, all);
  to.families(server_families, all);
  to.out().family("troupe_server_slices", kind::gauge, "Slices that the parameter server has.");
  for (const labelled& one : all) {
    to.out().sample(static_cast<double>(at(*one.object, "slices").size()), one.of);
  }
  std::vector<labelled> slices;
  for (const labelled& server : all) {
    const auto own = objects_of(at(*server.object, "slices"), [&](const json& s) {
      labels of = server.of;
      of.emplace_back("slice", word(s, "slice"));
      return of;
    });
    slices.insert(slices.end(), own.begin(), own.end());
  }
  to.families(slice_families, slices);
  to.out().family("troupe_slice_backups", kind::gauge, "Backups that the slice has.");
  for (const labelled& one : slices) {
    to.out().sample(static_cast<double>(at(*one.object, "backups").size()), one.of);
  }
}

}  // namespace

std::string run_metrics(const json& status, const std::map<std::string, std::uint64_t>& events) {
  writer to;
  write_run(to, status);
  write_evaluation(to, at(status, "evaluation"));
  to.families(checkpoint_families, {{&at(status, "checkpoints"), {}}});
  const auto workers = objects_of(at(status, "workers"), [](const json& w) {
    return labels{{"worker", word(w, "worker")}, {"node", word(w, "node")}};
  });
  to.states("troupe_worker_state", "How a worker stands: 1 for the state it is in.", worker_states,
            workers);
  to.families(worker_families, workers);
  write_servers(to, at(status, "parameter_servers"));
  const auto nodes = objects_of(at(status, "nodes"), [](const json& n) {
    return labels{{"node", word(n, "node")}};
  });
  to.states("troupe_node_state", "How a node stands: 1 for the state it is in.", node_states,
            nodes);
  to.families(node_families, nodes);
  to.out().family("troupe_events_total", kind::counter,
                  "Events of the run by kind, since this process leads it.");
  for (const auto& [name, count] : events) {
    to.out().sample(static_cast<double>(count), {{"event", name}});
  }
  return to.out().text();
}

}  // namespace troupe
