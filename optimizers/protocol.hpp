#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "troupe/base/registry.hpp"
#include "troupe/base/settings.hpp"
#include "troupe/base/span.hpp"
#include "troupe/models/gradient_rule.hpp"

namespace troupe {

class shared_parameters;

/// A communication window of one epoch: more mini-batches than any epoch has, and a window never
/// spans epochs.
constexpr std::uint32_t epoch_window = 1000000000;

/// A run of consecutive parameters: what one commit and one answer carry.
struct slice_range {
  std::uint32_t index = 0;
  std::size_t first = 0;
  std::size_t count = 0;
};

/// What a worker trained since its last commit.
struct window_facts {
  std::uint32_t mini_batches = 0;
  std::uint64_t rows = 0;
};

/// What the worker's half wants to say after a step.
enum class intent {
  none,     ///< train on
  commit,   ///< close the window: commit every slice and wait for the answers
  push,     ///< close the window: commit every slice, but leave the centre where it is
  fetch,    ///< pull every slice of the centre; the window stays open
  publish,  ///< send x as the new centre (protocols without commits), not counted as a commit
};

/// The worker's half of a protocol: one per replica, one thread. It computes on spans the actor
/// points into its replica and into the outgoing message; only the actor sends.
///
/// Order of calls: `start` once, with the centre in x; then per step `point`, `local_step` and
/// `on_step`; when a window closes (by intent, or because nothing is leased) `write` for every
/// slice, then for every slice `on_center`, `on_repeat` or `on_dropped` (after `push`:
/// `on_pushed`). Slices are written a few at a time: one may be answered before another is written.
/// With overlap: `write` and `on_sent` for every slice, a further window, and at its end, before it
/// is written in turn, `on_late_center` or `on_late_repeat`.
/// Under consistency `synchronous` a window closes with its share of the round,
/// whatever `on_step` says, and may then hold no mini-batch at all.
class worker_half {
 public:
  virtual ~worker_half() = default;

  /// x holds the centre.
  virtual void start(span<const float> x) = 0;

  /// Where the next gradient is taken; default: at x. What is returned stays valid until
  /// `local_step`.
  virtual span<const float> point(span<float> x) { return x; }

  /// One local step; default: the worker's gradient rule on x. `rule` is null unless the rule is
  /// the worker's (protocol_entry::rule). Nothing else writes `gradient` until the window is
  /// written.
  virtual void local_step(gradient_rule* rule, span<float> x, span<float> gradient,
                          double fraction) {
    rule->step(x, gradient, fraction);
  }

  /// A mini-batch is done; `window` holds what was trained since the last commit.
  virtual intent on_step(const window_facts& window) = 0;

  /// What closing a window that the protocol did not close itself is (rows ran out).
  virtual intent closing() const { return intent::commit; }

  /// Writes what the commit of slice `s` carries. x is the slice's part of the replica;
  /// `payload` has s.count floats (and lies in the message where nothing is compressed).
  virtual void write(const slice_range& s, const window_facts& window, span<const float> x,
                     span<float> payload) = 0;

  /// The answer to the commit of slice `s`. `sent` is the payload as the server read it (decoded),
  /// `center` the centre it answered with (after the commit, or before it:
  /// protocol_entry::answers_before).
  virtual void on_center(const slice_range& s, span<const float> sent, span<const float> center,
                         span<float> x) = 0;

  /// The server had this commit already (a resend); `center` is its latest.
  virtual void on_repeat(const slice_range& s, span<const float> sent, span<const float> center,
                         span<float> x) = 0;

  /// The server did not take this commit (it came after its round was closed); `center` is the
  /// latest. Default: start again from it.
  virtual void on_dropped(const slice_range& s, span<const float> sent, span<const float> center,
                          span<float> x) {
    on_repeat(s, sent, center, x);
  }

  /// The answer to a `push`, which brings no centre. x is still what `write` saw.
  virtual void on_pushed(const slice_range&, span<float>) {}

  /// The answer to a `fetch`.
  virtual void on_fetched(const slice_range&, span<const float>, span<float>) {}

  /// Overlap: the commit of slice `s` was written, and training goes on from x before its answer
  /// comes.
  virtual void on_sent(const slice_range&, span<const float>) {}

  /// Overlap: as `on_center`, when a further window was trained since `write`, which stays in x.
  virtual void on_late_center(const slice_range& s, span<const float> sent,
                              span<const float> center, span<float> x) {
    on_center(s, sent, center, x);
  }

  /// Overlap: as `on_repeat`, likewise.
  virtual void on_late_repeat(const slice_range& s, span<const float> sent,
                              span<const float> center, span<float> x) {
    on_late_center(s, sent, center, x);
  }
};

/// A commit of one slice as the server's half sees it.
struct commit_view {
  span<const float> payload;
  std::uint32_t worker = 0;
  std::uint32_t mini_batches = 0;
  std::uint64_t rows = 0;
  /// Commits to this slice accepted since the centre this worker started from, its own excluded
  /// (tau).
  std::uint64_t staleness = 0;
  /// Share of the run's rows before this window: what learning-rate schedules follow.
  double fraction = 0;
  /// The centre this worker started its window from; empty unless protocol_entry::keeps_base.
  span<const float> base = {};
};

/// The server's half: one per slice. It writes the new centre beside the old one, in one pass:
/// the new centre lies in the message that answers.
class server_half {
 public:
  virtual ~server_half() = default;

  /// next = centre with the commit applied. `next` may be `center`. False, with `next` undefined,
  /// where the payload has a number that is not finite: the commit is then refused.
  virtual bool apply(const commit_view& commit, span<const float> center, span<float> next) = 0;

  /// All commits of a synchronous round, in ascending worker number; default: one after another.
  /// False as above; `culprit` is then the index of the refused commit.
  virtual bool apply_round(span<const commit_view> commits, span<const float> center,
                           span<float> next, std::size_t& culprit);

  /// What it remembers between commits, for checkpoints and replicas: numbers, always as many, and
  /// a count of steps. Default: nothing.
  virtual span<float> state() { return {}; }
  virtual std::uint64_t steps() const { return 0; }
  virtual void set_steps(std::uint64_t) {}
};

/// How a run is set up, for protocols whose defaults depend on it.
struct protocol_setup {
  settings options;  ///< resolved against protocol_entry::options
  std::uint32_t workers = 1;
  std::uint32_t window = 1;  ///< mini-batches between two commits
  std::size_t parameters = 0;
  bool synchronous = false;
  bool overlap = false;  ///< a window is trained while the one before it is answered
  rule_spec rule;        ///< the job's gradient rule
  std::optional<rule_spec> server_rule;  ///< the job's, where it names one
  /// Makes a rule for `count` numbers: a server's half makes its own from `rule` or `server_rule`.
  std::function<std::unique_ptr<gradient_rule>(const rule_spec&, std::size_t count)> make_rule;
  /// The one vector of protocol_entry::shares_parameters; null for others.
  std::shared_ptr<shared_parameters> shared;
};

/// Who applies the job's gradient rule.
enum class rule_place {
  worker,  ///< each worker to its own gradients
  server,  ///< the server's half, with its state per slice
  none,    ///< nobody: the protocol has a rule of its own among its options
};

/// What a commit carries; decides which compressions make sense.
enum class payload_kind {
  difference,  ///< of parameters, or a gradient: what compression loses can be sent later
  parameters,  ///< the replica itself: only rounding is harmless
  copy,        ///< what becomes the centre: travels exactly
};

/// While a run warms up, its first worker trains alone; the others start from what it reached.
struct warm_start {
  std::uint64_t rows = 0;
  double seconds = 0;
};

struct protocol_entry {
  std::string name;
  std::vector<std::string> aliases = {};
  std::string summary;  ///< one sentence
  std::string source;   ///< the paper
  std::vector<setting> options;
  std::uint32_t default_window = 5;
  bool has_window = true;       ///< whether communication_window changes the training
  bool answers_before = false;  ///< the centre of the answer is the one before the commit
  bool counts_commits = true;   ///< false: publishes only
  bool keeps_base = false;      ///< the server remembers what it sent each worker
  bool takes_server_rule = false;
  bool overlaps = false;           ///< its worker's half knows overlap
  bool shares_parameters = false;  ///< all workers live in one process: protocol_setup::shared
  bool separate_models = false;    ///< each worker trains a model of its own
  std::uint32_t most_workers = 0;  ///< 0: any number
  rule_place rule = rule_place::worker;
  payload_kind payload = payload_kind::difference;
  /// The consistencies it goes with; the first is the default.
  std::vector<std::string> consistencies = {"asynchronous", "bounded", "synchronous"};
  /// Keys of a job (as in `--set`) with values that work for dense networks on MNIST with 4
  /// workers and mini-batches of 16.
  std::vector<std::pair<std::string, std::string>> recommended = {};
  /// Why these options do not go together; empty: they do.
  std::function<std::string(const protocol_setup&)> check = {};
  /// Worth saying before a run starts ("8 workers with downpour lose accuracy"); empty: nothing.
  std::function<std::vector<std::string>(const protocol_setup&)> warnings = {};
  /// Mini-batches between two commits, where that is not the communication window.
  std::function<std::uint32_t(const protocol_setup&)> commit_window = {};
  std::function<warm_start(const protocol_setup&)> warm_up = {};
  std::function<std::unique_ptr<worker_half>(const protocol_setup&)> make_worker;
  std::function<std::unique_ptr<server_half>(const protocol_setup&, const slice_range&)>
      make_server;
};

/// Finds by name or alias. \throws error (job) at `place` for an unknown one.
const protocol_entry& find_protocol(const registry<protocol_entry>& known, const std::string& name,
                                    const std::string& place);

/// All that Troupe brings: protocols.def.
registry<protocol_entry> builtin_protocols();

}  // namespace troupe
