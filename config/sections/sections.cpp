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

constexpr double most_actors = 4096;
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
           window_key(), rule_key(), server_rule_key(), consistency_key(), compression_key()}};
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
          "Snapshots a run can be resumed from. Checked, but this version writes none.",
          {at(declare::number("every_seconds", "seconds between two; 0: none").at_least(0),
              &job::supervisor, &supervisor_spec::checkpoint_every_seconds),
           at(declare::integer("keep", "how many of the last are kept").at_least(1).at_most(1000),
              &job::supervisor, &supervisor_spec::checkpoint_keep)}};
}

section cluster_section() {
  return {"cluster",
          "The machines of a job that runs on several. Checked, but not used by `troupe train`.",
          {at(declare::text("launcher", "how nodes are started")
                  .one_of({"local", "ssh", "slurm", "manual"}),
              &job::cluster, &cluster_spec::launcher),
           at(declare::text("listen", "address nodes listen on; anything but loopback needs `tls`"),
              &job::cluster, &cluster_spec::listen),
           nodes_key(),
           at(declare::integer("replicas", "backups of each slice").at_least(0).at_most(8),
              &job::cluster, &cluster_spec::replicas),
           at(declare::number("supervisor_grace", "seconds a node waits for a lost supervisor")
                  .at_least(0),
              &job::cluster, &cluster_spec::supervisor_grace)},
          [](const job& j) { return j.cluster.has_value(); },
          [](job& j) {
            if (!j.cluster) j.cluster.emplace();
          }};
}

section tls_section() {
  const auto file = [](const char* name, const char* meaning, std::string tls_spec::*member) {
    return at(declare::text(name, meaning).required(), &job::cluster, &cluster_spec::tls, member);
  };
  return {"cluster.tls",
          "Mutual TLS between the nodes.",
          {file("ca", "file of the certificate authority", &tls_spec::ca),
           file("certificate", "file of the node's certificate", &tls_spec::certificate),
           file("key", "file of the node's private key", &tls_spec::key)},
          [](const job& j) { return j.cluster && j.cluster->tls; },
          [](job& j) {
            if (!j.cluster) j.cluster.emplace();
            if (!j.cluster->tls) j.cluster->tls.emplace();
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
      cluster_section(),
      tls_section()};
  return sections;
}

}  // namespace troupe
