#include "troupe/config/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>
#include <utility>

#include "troupe/config/attempt.hpp"
#include "troupe/config/check_optimizer.hpp"
#include "troupe/config/places.hpp"

namespace troupe {

label_request label_request_of(const job&, const model_summary& model) {
  label_request request;
  request.units = volume(model.output);
  switch (model.labels) {
    case label_use::classes:
      request.use = label_shape::classes;
      break;
    case label_use::binary:
      request.use = label_shape::binary;
      break;
    case label_use::signs:
      request.use = label_shape::signs;
      break;
    case label_use::values:
      request.use = label_shape::values;
      break;
  }
  return request;
}

void check_data(const job& j, const prepared_data& data) {
  const std::vector<std::size_t>& rows = data.transforms.output();
  if (volume(rows) != volume(j.model.input)) {
    throw job_error(
        j.place("model.input"),
        fmt::format("the model takes rows of {} numbers ({}), the data has rows of {} "
                    "({})",
                    volume(j.model.input), to_text(j.model.input), volume(rows), to_text(rows)));
  }
  if (data.train->rows() == 0) throw data_error(data.train->origin, "no rows to train on");
}

namespace {

/// Checks one job, gathering warnings.
class checker {
 public:
  checker(const job& j, const catalogue& known) : job_(j), known_(known) {}

  std::vector<std::string> run() {
    check_split();
    check_transforms();
    const model_summary model = located(job_, [&] { return describe(job_.model, known_.models); });
    check_metrics(model);
    check_optimizer(job_, known_, model.parameters, warnings_);
    check_vote(model);
    check_stop(model);
    check_sizes(model);
    check_metrics_listen();
    check_cluster();
    return std::move(warnings_);
  }

 private:
  [[noreturn]] void fail(const std::string& path, const std::string& message) const {
    throw job_error(job_.place(path), message);
  }

  void warn(std::string message) { warnings_.push_back(std::move(message)); }

  bool has_evaluation_data() const {
    return job_.data.test || job_.data.split_test > 0 || job_.data.split_validation > 0;
  }

  void check_split() const {
    const data_spec& d = job_.data;
    if (d.test && d.split_test > 0) {
      fail("data.split.test", "give either 'test' or 'split.test', not both");
    }
    if (d.split_test + d.split_validation >= 1) {
      fail("data.split", fmt::format("test {} and validation {} leave no rows to train on",
                                     d.split_test, d.split_validation));
    }
  }

  void check_transforms() const {
    for (std::size_t i = 0; i < job_.data.transforms.size(); ++i) {
      const transform_spec& t = job_.data.transforms[i];
      const std::string path = fmt::format("data.transforms.{}", i);
      const transform_entry& entry =
          known_.data.transforms.at(t.name, job_.place(path), "transform");
      if (entry.make) attempt(job_, path, [&] { entry.make(t.options); });
    }
  }

  void check_metrics(const model_summary& model) const {
    for (std::size_t i = 0; i < job_.model.metrics.size(); ++i) {
      const metric_spec& m = job_.model.metrics[i];
      const std::string path = fmt::format("model.metrics.{}", i);
      const metric_entry& entry = known_.models.metrics.at(m.name, job_.place(path), "metric");
      attempt(job_, path, [&] { entry.make(m.options, {model.labels, volume(model.output)}); });
      for (std::size_t k = 0; k < i; ++k) {
        if (job_.model.metrics[k].name == m.name) fail(path, "metric '" + m.name + "' twice");
      }
    }
  }

  void check_vote(const model_summary& model) const {
    const optimizer_spec& o = job_.optimizer;
    const bool votes =
        find_protocol(known_.protocols, o.protocol, "").separate_models && o.options.has("vote");
    if (votes && o.options.text("vote") == "hard" && model.labels == label_use::values) {
      fail("optimizer.vote", fmt::format("with loss '{}' there are no classes to vote for; 'mean' "
                                         "takes the mean of what the models answer",
                                         job_.model.loss));
    }
  }

  /// Stop rules that could never fire are mistakes, not wishes.
  void check_stop(const model_summary& model) {
    const stop_spec& stop = job_.training.stop;
    const std::pair<bool, const char*> rules[] = {
        {stop.target_accuracy.has_value(), "training.stop.target_accuracy"},
        {stop.target_loss.has_value(), "training.stop.target_loss"},
        {stop.patience.has_value(), "training.stop.patience"},
        {job_.training.keep_best, "training.keep"}};
    for (const auto& [given, path] : rules) {
      if (!given) continue;
      const std::string name =
          "'" + std::string(path).substr(std::string(path).rfind('.') + 1) + "'";
      if (!has_evaluation_data()) {
        fail(path, name + " needs rows to evaluate: 'test' or 'split' in data");
      }
      if (job_.training.evaluate_every == 0) {
        fail(path, name + " needs evaluations while training, but evaluate_every is 0");
      }
    }
    if (stop.target_accuracy && model.labels == label_use::values) {
      fail("training.stop.target_accuracy",
           fmt::format("there is no accuracy with loss '{}'", job_.model.loss));
    }
    const auto& metrics = job_.model.metrics;
    if (stop.target_accuracy &&
        std::none_of(metrics.begin(), metrics.end(),
                     [](const metric_spec& m) { return m.name == "accuracy"; })) {
      fail("training.stop.target_accuracy", "'accuracy' is not among the model's metrics");
    }
    if (!has_evaluation_data()) {
      warn("neither 'test' nor 'split' in data: the model will not be evaluated");
    } else if (job_.training.evaluate_every > job_.training.epochs) {
      warn(fmt::format("evaluate_every {} is more than {} epochs: evaluated at the end only",
                       job_.training.evaluate_every, job_.training.epochs));
    }
  }

  void check_sizes(const model_summary& model) {
    const actors_spec& a = job_.actors;
    // Slices are multiples of 16 parameters.
    const std::size_t most_slices = std::max<std::size_t>(1, (model.parameters + 15) / 16);
    if (a.parameter_servers > most_slices) {
      warn(
          fmt::format("{} parameter servers, but {} parameters make only {} slices: the others "
                      "idle",
                      a.parameter_servers, model.parameters, most_slices));
    }
    const double share = 1 - job_.data.split_test - job_.data.split_validation;
    const double rows = std::floor(static_cast<double>(job_.data.rows) * share);
    if (job_.data.rows > 0 && rows < job_.training.batch_size) {
      warn(fmt::format("batch_size {} is more than the {:.0f} rows to train on",
                       job_.training.batch_size, rows));
    } else if (job_.data.rows > 0 && rows < 1.0 * job_.training.batch_size * a.workers) {
      warn(fmt::format("{:.0f} rows in mini-batches of {} are too few for {} workers", rows,
                       job_.training.batch_size, a.workers));
    }
    if (model.parameters == 0) warn("the model has no parameters: nothing will be learnt");
  }

  void check_metrics_listen() {
    const metrics_listen_spec& m = job_.metrics_listen;
    if (!m.listen) {
      if (m.beyond_loopback) warn("metrics.beyond_loopback does nothing without metrics.listen");
      return;
    }
    const auto at = listen_at_of(*m.listen);
    if (!at) {
      fail("metrics.listen", fmt::format("'{}' is no HOST:PORT such as 127.0.0.1:0", *m.listen));
    }
    if (!m.beyond_loopback && !is_loopback(at->host)) {
      fail("metrics.listen",
           fmt::format("listening on '{}' shows the run, unencrypted, to whoever reaches it; where "
                       "that is meant, set metrics.beyond_loopback: true",
                       at->host));
    }
  }

  /// It becomes an argument of programs.
  void check_host(std::size_t i, const node_spec& n) const {
    const bool visible = std::all_of(n.host.begin(), n.host.end(),
                                     [](unsigned char c) { return std::isgraph(c) != 0; });
    if (!visible || n.host.empty() || n.host[0] == '-') {
      fail(fmt::format("cluster.nodes.{}.host", i), fmt::format("'{}' names no host", n.host));
    }
  }

  void check_cluster() {
    if (!job_.cluster) return;
    const cluster_spec& c = *job_.cluster;
    if (!is_loopback(c.listen) && !c.tls.enabled) {
      fail("cluster.listen",
           fmt::format("listening on '{}' needs TLS; without it, only loopback", c.listen));
    }
    const bool files[] = {!c.tls.ca.empty(), !c.tls.certificate.empty(), !c.tls.key.empty()};
    if (std::count(std::begin(files), std::end(files), true) % 3 != 0) {
      fail("cluster.tls", "'ca', 'certificate' and 'key' belong together: give all or none");
    }
    if (c.tls.enabled && c.launcher == "manual" && !files[0]) {
      fail("cluster.tls",
           "nodes that are started by hand need certificates: see `troupe certificates`");
    }
    if (c.suspect_after > c.dead_after) {
      fail("cluster.suspect_after", "a node is suspected before it counts as lost");
    }
    std::set<std::string> names;
    std::uint64_t servers = 0, workers = 0, shards = 0;
    for (std::size_t i = 0; i < c.nodes.size(); ++i) {
      const node_spec& n = c.nodes[i];
      check_host(i, n);
      if (!names.insert(n.name).second) {
        fail(fmt::format("cluster.nodes.{}.name", i), fmt::format("two nodes named '{}'", n.name));
      }
      servers += n.parameter_servers;
      workers += n.workers;
      shards += n.data_shards;
    }
    if (!c.nodes.empty() && (servers == 0 || workers == 0 || shards == 0)) {
      fail("cluster.nodes", fmt::format("the nodes have {} parameter servers, {} workers and {} "
                                        "data shards; it takes one of each at least",
                                        servers, workers, shards));
    }
    if (!c.nodes.empty() && c.replicas >= c.nodes.size()) {
      fail("cluster.replicas", fmt::format("{} replicas need {} nodes, not {}", c.replicas,
                                           c.replicas + 1, c.nodes.size()));
    }
    const auto homes = std::count_if(c.nodes.begin(), c.nodes.end(),
                                     [](const node_spec& n) { return n.parameter_servers > 0; });
    if (c.replicas > 0 && !c.nodes.empty() && c.replicas >= homes) {
      warn(
          fmt::format("cluster.replicas: {} backups of each slice need {} nodes with parameter "
                      "servers, not {}: fewer are kept",
                      c.replicas, c.replicas + 1, homes));
    }
  }

  const job& job_;
  const catalogue& known_;
  std::vector<std::string> warnings_;
};

}  // namespace

std::vector<std::string> check(const job& j, const catalogue& known) {
  return checker(j, known).run();
}

}  // namespace troupe
