#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "troupe/base/settings.hpp"
#include "troupe/data/data_spec.hpp"
#include "troupe/data/prepare.hpp"
#include "troupe/models/catalogue.hpp"
#include "troupe/models/model_spec.hpp"
#include "troupe/optimizers/compression.hpp"
#include "troupe/optimizers/consistency.hpp"
#include "troupe/optimizers/protocol.hpp"

namespace troupe {

/// A name and its options: consistency, compression.
struct choice_spec {
  std::string name;
  settings options;
};

struct optimizer_spec {
  std::string protocol = "adag";           ///< canonical name, aliases resolved
  std::uint32_t communication_window = 0;  ///< mini-batches; 0: the protocol's default;
                                           ///< never 0 after `complete`
  bool window_is_epoch = false;            ///< `communication_window: epoch`: see `epoch_window`
  bool overlap = false;                    ///< a window is trained while the last one is answered
  settings options;                        ///< of the protocol, resolved
  rule_spec gradient_rule;                 ///< options resolved; without a name for a protocol
                                           ///< that has a rule of its own
  std::optional<rule_spec> server_rule;    ///< options resolved
  choice_spec consistency;                 ///< no name: the protocol's default; never after
                                           ///< `complete`
  choice_spec compression{"none", {}};
};

struct stop_spec {
  std::optional<double> target_accuracy;  ///< in (0, 1]
  std::optional<double> target_loss;
  std::optional<std::uint32_t> patience;  ///< evaluations without improvement
  std::optional<double> max_seconds;
};

struct training_spec {
  std::uint32_t epochs = 1;
  std::uint32_t batch_size = 32;  ///< rows of a mini-batch, per worker
  double evaluate_every = 1.0;    ///< epochs of rows trained; 0: only at the end
  bool keep_best = false;         ///< `keep: best`: save the best model evaluated, not the last
  stop_spec stop;
};

struct actors_spec {
  std::uint32_t workers = 1;
  std::uint32_t parameter_servers = 1;
  std::uint32_t data_shards = 1;
  std::uint32_t slice = 262144;  ///< floats in a slice of the parameter vector
};

struct supervisor_spec {
  bool rebalance = true;
  double checkpoint_every_seconds = 30;
  std::uint32_t checkpoint_keep = 3;
  std::uint32_t go_backs = 0;    ///< after a divergence, to a checkpoint; 0: the run ends
  double divergence_rate = 0.5;  ///< factor of the learning rate each time
  double loss_above = 0;         ///< a mini-batch's, which counts as a divergence; 0: none
};

struct recorder_spec {
  bool tensorboard = false;  ///< also write the run's numbers as TensorBoard's event files
};

/// Where the run's numbers and its page are served: the section `metrics`. (`model.metrics` are
/// what a model is scored by.)
struct metrics_listen_spec {
  std::optional<std::string> listen;  ///< "127.0.0.1:0", see `listen_at_of`; none: nowhere
  bool beyond_loopback = false;
};

/// Without files, `troupe launch` makes certificates for the run, which never touch a disk.
struct tls_spec {
  bool enabled = true;
  std::string ca, certificate, key;  ///< files; all three or none
};

struct node_spec {
  std::string name, host = "127.0.0.1";
  std::uint32_t port = 0;  ///< where it listens; 0: the system chooses
  std::uint32_t parameter_servers = 0, workers = 0, data_shards = 0;
};

struct cluster_spec {
  std::string launcher = "local";
  std::string listen = "127.0.0.1";  ///< address every node listens on
  std::string address;               ///< of the launching machine, for the nodes; "": found out
  std::uint32_t port = 0;            ///< where the supervisor's node listens; 0: the system chooses
  std::string id;                ///< nodes of another cluster are turned away; "": the job's name
  std::string program;           ///< the troupe command on the nodes; "": as on this machine
  std::string launcher_options;  ///< more arguments of ssh or srun, with spaces between
  double start_timeout = 60;     ///< seconds until every node must have joined
  tls_spec tls;
  std::vector<node_spec> nodes;
  std::uint32_t replicas = 0;
  double suspect_after = 2, dead_after = 10;  ///< seconds of silence
  double supervisor_grace = 30;
};

/// Whether an address is reached from this machine alone.
bool is_loopback(const std::string& address);

/// A host (without the brackets of IPv6) and a port; 0: the system chooses.
struct listen_at {
  std::string host;
  std::uint16_t port = 0;
};
/// Of "HOST:PORT" or "[::1]:PORT"; none where it is neither.
std::optional<listen_at> listen_at_of(const std::string& text);

/// Everything jobs can name. A value, handed down from `main`; an embedding program adds its own.
struct catalogue {
  model_catalogue models;
  data_catalogue data;
  registry<protocol_entry> protocols;
  registry<consistency_entry> consistencies = builtin_consistencies();
  registry<codec_entry> compressions = builtin_codecs();
  static catalogue builtin();
};

/// A job as plain structs: what the actors run from. Every default is filled in, every option
/// resolved against its declaration.
struct job {
  std::string name = "job";
  std::uint64_t seed = 1;
  data_spec data;
  model_spec model;
  optimizer_spec optimizer;
  training_spec training;
  actors_spec actors;
  supervisor_spec supervisor;
  recorder_spec recorder;
  metrics_listen_spec metrics_listen;
  std::optional<cluster_spec> cluster;

  /// Where each path of the job ("model.layers.2.dense.units") was written: "job.yaml:12:5" or
  /// "--set training.epochs=5"; empty for a job built in code.
  std::map<std::string, std::string> places;

  /// The place of a path, or of its nearest ancestor that has one; the path itself without.
  std::string place(const std::string& path) const;
};

/// Checks what needs more than one section: the model's shapes, loss against labels, protocol
/// against workers, consistency and compression.
/// \throws error (job) whose place is a place of the job.
/// \returns warnings, one line each.
std::vector<std::string> check(const job& j, const catalogue& known);

/// The job with every default written out, as YAML that reads back to the same job.
std::string to_yaml(const job& j);

}  // namespace troupe
