#include <limits>

#include "troupe/config/sections/special.hpp"

namespace troupe {

std::string section::parent() const {
  const std::size_t dot = path.rfind('.');
  return dot == std::string::npos ? std::string() : path.substr(0, dot);
}

const key<job>* section::find(const std::string& key_name) const {
  for (const key<job>& k : keys) {
    if (k.declaration.name == key_name) return &k;
  }
  return nullptr;
}

std::string section::path_of(const std::string& key_name) const {
  return path.empty() ? key_name : path + "." + key_name;
}

const job& default_job() {
  static const job defaults = [] {
    job j;
    j.cluster.emplace();
    return j;
  }();
  return defaults;
}

namespace {

constexpr double most_actors = 65536;
constexpr double most_rounds = 1e6;

template <class... Members>
key<job> at(setting declaration, Members... members) {
  return bound<job>(std::move(declaration), members...);
}

section whole() {
  return {
      "",
      "A job is one YAML map.",
      {at(declare::text("name", "names the run and its folder: letters, digits, `.`, `_`, `-`"),
          &job::name),
       at(declare::integer("seed", "everything random comes from it").at_least(0), &job::seed)}};
}

section data_section() {
  return {"data",
          "Which rows there are and how they become numbers.",
          {at(declare::text("directory",
                            "relative paths below start here; itself relative to the "
                            "current directory"),
              &job::data, &data_spec::directory),
           source_key("train"), source_key("test"),
           at(declare::integer("rows", "only so many first rows of `train`; 0: all").at_least(0),
              &job::data, &data_spec::rows),
           at(declare::boolean("shuffle", "whether each epoch has an order of its own"), &job::data,
              &data_spec::shuffle),
           transforms_key()}};
}

section split_section() {
  return {"data.split",
          "Rows of `train` set aside, drawn by the seed before anything is fitted.",
          {at(declare::number("test", "share of the rows to test on, where there is no `test`")
                  .at_least(0)
                  .below(1),
              &job::data, &data_spec::split_test),
           at(declare::number("validation",
                              "share of the rows to score while training; without them the test "
                              "rows are scored")
                  .at_least(0)
                  .below(1),
              &job::data, &data_spec::split_validation)}};
}

section model_section() {
  return {"model",
          "The network.",
          {at(declare::integer_list("input", "shape of one row, channels last: `[28, 28, 1]`")
                  .at_least(1)
                  .at_most(1e9)
                  .required(),
              &job::model, &model_spec::input),
           layers_key(),
           at(declare::text("loss", "what training makes small, see [Losses](#losses)"),
              &job::model, &model_spec::loss),
           metrics_key()}};
}

section optimizer_section() {
  return {"optimizer",
          "What workers and parameter servers say to each other. Options of the protocol stand "
          "beside its name.",
          {at(declare::text("protocol", "see [Protocols](#protocols)"), &job::optimizer,
              &optimizer_spec::protocol),
           window_key(),
           at(declare::boolean("overlap",
                               "whether a worker trains its next window while the parameter "
                               "servers answer the last one: answers count one window later; off "
                               "with one worker"),
              &job::optimizer, &optimizer_spec::overlap),
           rule_key(), server_rule_key(), consistency_key(), compression_key()}};
}

key<job> keep_key() {
  key<job> k;
  k.declaration =
      declare::text("keep", "which model is saved: the last one or the best one evaluated", "last")
          .one_of({"last", "best"});
  k.get = [](const job& j) { return setting_value(j.training.keep_best ? "best" : "last"); };
  k.set = [](job& j, const setting_value& value) {
    j.training.keep_best = std::get<std::string>(value) == "best";
  };
  return k;
}

section training_section() {
  return {"training",
          "How long and in what portions.",
          {at(declare::integer("epochs", "passes over the training rows")
                  .at_least(1)
                  .at_most(most_rounds),
              &job::training, &training_spec::epochs),
           at(declare::integer("batch_size", "rows of a mini-batch, per worker")
                  .at_least(1)
                  .at_most(most_rounds),
              &job::training, &training_spec::batch_size),
           at(declare::number("evaluate_every",
                              "epochs of trained rows between two evaluations; 0: at the end only")
                  .at_least(0)
                  .at_most(most_rounds),
              &job::training, &training_spec::evaluate_every),
           keep_key()}};
}

section stop_section() {
  const auto in_stop = [](setting declaration, auto member) {
    return at(std::move(declaration), &job::training, &training_spec::stop, member);
  };
  return {
      "training.stop",
      "Reasons to stop before the last epoch; none unless given.",
      {in_stop(declare::number("target_accuracy", "accuracy of an evaluation that is enough")
                   .above(0)
                   .at_most(1),
               &stop_spec::target_accuracy),
       in_stop(
           declare::number("target_loss", "loss of an evaluation that is small enough").at_least(0),
           &stop_spec::target_loss),
       in_stop(declare::integer("patience", "evaluations in a row without a smaller loss")
                   .at_least(1)
                   .at_most(most_rounds),
               &stop_spec::patience),
       in_stop(declare::number("max_seconds", "seconds of training").above(0),
               &stop_spec::max_seconds)}};
}

section actors_section() {
  const auto count = [](const char* name, const char* meaning, std::uint32_t actors_spec::*member) {
    return at(declare::integer(name, meaning).at_least(1).at_most(most_actors), &job::actors,
              member);
  };
  return {"actors",
          "How many of each.",
          {count("workers", "workers, each with a thread and a replica of the model",
                 &actors_spec::workers),
           count("parameter_servers", "parameter servers, among which the slices are dealt",
                 &actors_spec::parameter_servers),
           count("data_shards", "data shards, among which the rows are dealt",
                 &actors_spec::data_shards),
           at(declare::integer("slice",
                               "parameters (4 bytes each) in a slice, the part of the "
                               "model that travels and is updated at a time")
                  .at_least(16)
                  .at_most(8 << 20),
              &job::actors, &actors_spec::slice)}};
}

section rebalance_section() {
  return {"supervisor.rebalance",
          "Moving work from slow workers to fast ones.",
          {at(declare::boolean("enabled", "whether it happens"), &job::supervisor,
              &supervisor_spec::rebalance)}};
}

section checkpoint_section() {
  return {"supervisor.checkpoint",
          "Snapshots that a run can be resumed from.",
          {at(declare::number("every_seconds", "seconds between two; 0: none").at_least(0),
              &job::supervisor, &supervisor_spec::checkpoint_every_seconds),
           at(declare::integer("keep", "how many of the last are kept").at_least(1).at_most(1000),
              &job::supervisor, &supervisor_spec::checkpoint_keep)}};
}

section divergence_section() {
  return {"supervisor.divergence",
          "What happens when a worker's loss is not finite any more, or explodes.",
          {at(declare::integer("go_back",
                               "how often the run goes back to a checkpoint from before, or to "
                               "the beginning; after that, it ends")
                  .at_least(0)
                  .at_most(100),
              &job::supervisor, &supervisor_spec::go_backs),
           at(declare::number("rate", "factor of the learning rate, each time it goes back")
                  .above(0)
                  .at_most(1),
              &job::supervisor, &supervisor_spec::divergence_rate),
           at(declare::number("loss_above",
                              "a mini-batch with a larger mean loss has diverged; 0: only one "
                              "whose loss is not finite")
                  .at_least(0),
              &job::supervisor, &supervisor_spec::loss_above)}};
}

section recorder_section() {
  return {"recorder",
          "What is written of a run, beside the files that each has.",
          {at(declare::boolean("tensorboard",
                               "whether the numbers of `history.jsonl` are also written for "
                               "TensorBoard, into the folder of the run"),
              &job::recorder, &recorder_spec::tensorboard)}};
}

section metrics_listen_section() {
  return {
      "metrics",
      "Where the run is watched over HTTP: numbers for Prometheus, and a page that follows it. "
      "Nowhere without `listen`. See [monitoring.md](monitoring.md#metrics-and-a-live-page); what "
      "a model is scored by is `model.metrics`.",
      {at(declare::text("listen",
                        "`HOST:PORT`, for instance `127.0.0.1:9464`; port 0: the system chooses. "
                        "Whoever reaches it reads, without encryption, and steers nothing"),
          &job::metrics_listen, &metrics_listen_spec::listen),
       at(declare::boolean("beyond_loopback",
                           "whether `listen` may be an address that other machines reach"),
          &job::metrics_listen, &metrics_listen_spec::beyond_loopback)},
      [](const job& j) { return j.metrics_listen.listen.has_value(); }};
}

section cluster_section() {
  const auto in = [](setting declaration, auto member) {
    return at(std::move(declaration), &job::cluster, member);
  };
  return {
      "cluster",
      "The machines of a job that runs on several. `troupe train` does not use it; `troupe launch` "
      "takes the actors of its nodes instead of those of `actors`.",
      {in(declare::text("launcher", "how nodes are started")
              .one_of({"local", "ssh", "slurm", "manual"}),
          &cluster_spec::launcher),
       in(declare::text("listen",
                        "address every node listens on; anything but loopback needs `tls`"),
          &cluster_spec::listen),
       in(declare::text("address",
                        "of the launching machine, as the nodes reach it; where it is not given, "
                        "`listen`, or the host's name where that is all addresses"),
          &cluster_spec::address),
       in(declare::integer("port", "where the launching machine listens; 0: the system chooses")
              .at_least(0)
              .at_most(65535),
          &cluster_spec::port),
       in(declare::text("id",
                        "nodes of another cluster are turned away; without one, the job's "
                        "name"),
          &cluster_spec::id),
       in(declare::text("program",
                        "the `troupe` command on the nodes; where it is not given, the "
                        "one that launches"),
          &cluster_spec::program),
       in(declare::text("launcher_options",
                        "more arguments of `ssh` or `srun`, with spaces between"),
          &cluster_spec::launcher_options),
       in(declare::number("start_timeout", "seconds in which every node must have joined").above(0),
          &cluster_spec::start_timeout),
       nodes_key(),
       in(declare::integer(
              "replicas",
              "backups of each slice, on other nodes: with one, no commit is lost with "
              "a parameter server")
              .at_least(0)
              .at_most(8),
          &cluster_spec::replicas),
       in(declare::number("suspect_after", "seconds of silence after which a node gets no work")
              .above(0),
          &cluster_spec::suspect_after),
       in(declare::number("dead_after", "seconds of silence after which a node counts as lost")
              .above(0),
          &cluster_spec::dead_after),
       in(declare::number("supervisor_grace", "seconds a node waits for a lost supervisor")
              .at_least(0),
          &cluster_spec::supervisor_grace)},
      [](const job& j) { return j.cluster.has_value(); },
      [](job& j) {
        if (!j.cluster) j.cluster.emplace();
      }};
}

section tls_section() {
  const auto file = [](const char* name, const char* meaning, std::string tls_spec::*member) {
    return at(declare::text(name, meaning), &job::cluster, &cluster_spec::tls, member);
  };
  return {"cluster.tls",
          "Mutual TLS between the nodes. Without files, `troupe launch` makes certificates for the "
          "run and hands them to the nodes it starts; the launcher `manual` needs files.",
          {at(declare::boolean("enabled", "whether there is TLS; only loopback goes without"),
              &job::cluster, &cluster_spec::tls, &tls_spec::enabled),
           file("ca", "file of the certificate authority", &tls_spec::ca),
           file("certificate", "file of the node's certificate", &tls_spec::certificate),
           file("key", "file of the node's private key", &tls_spec::key)},
          [](const job& j) { return j.cluster.has_value(); },
          [](job& j) {
            if (!j.cluster) j.cluster.emplace();
          }};
}

}  // namespace

const std::vector<section>& job_sections() {
  static const std::vector<section> sections = {
      whole(),
      data_section(),
      split_section(),
      model_section(),
      optimizer_section(),
      training_section(),
      stop_section(),
      actors_section(),
      {"supervisor", "What the supervisor decides by itself.", {}},
      rebalance_section(),
      checkpoint_section(),
      divergence_section(),
      recorder_section(),
      metrics_listen_section(),
      cluster_section(),
      tls_section()};
  return sections;
}

}  // namespace troupe
