#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "troupe/actors/messages/training.capnp.h"
#include "troupe/actors/messages/wire.hpp"
#include "troupe/actors/payload.hpp"
#include "troupe/actors/run_plan.hpp"

namespace troupe {

using commit_msg = wire<schema::Commit>;
using center_msg = wire<schema::Center>;
using verdict_msg = wire<schema::Verdict>;
using install_msg = wire<schema::Install>;
using image_msg = wire<schema::Image>;

/// A refusal; `not_finite` tells the worker that it has diverged.
verdict_msg make_refusal(std::uint32_t slice, std::uint64_t sequence, const std::string& reason,
                         bool not_finite = false);

/// One slice of the centre variable at its parameter server: the numbers, their version, what was
/// applied of each worker last, and the commits that wait. When a commit is applied and whom that
/// answers is decided by its `consistency`, what it does to the numbers by the protocol's
/// `server_half`. No CAF: the actor only sends what this answers.
///
/// The numbers lie in the message that answers: applying a commit writes the new centre into a
/// new message in one pass, and everyone who asks for that version shares it.
class center_slice {
 public:
  /// What the slices of one server share.
  struct codecs {
    explicit codecs(const std::shared_ptr<const run_plan>& plan)
        : commits(plan, false), answers(*plan) {}
    payload_codec commits;
    answer_codec answers;
  };

  /// A slice of the run as a message has it. `decides`: it closes the rounds of all slices.
  /// \throws error (run) where the message does not fit the slice.
  center_slice(std::shared_ptr<const run_plan> plan, std::shared_ptr<codecs> with,
               const schema::Install::Reader& from, bool decides);
  /// Takes over from another one, of which this is the image. Commits that waited there are not in
  /// it: their workers send them again. \throws error (run) where the image does not fit.
  center_slice(std::shared_ptr<const run_plan> plan, std::shared_ptr<codecs> with,
               const schema::Image::Reader& from, const membership& now, bool decides);

  /// For one worker. Without a centre where the verdict is `refused`, `fenced` or `held`, or where
  /// the worker wants none.
  struct answer {
    std::uint32_t worker = 0;
    verdict_msg verdict;
    center_msg center;
  };
  using answers = std::vector<answer>;

  /// A commit arrived. It is applied once: a repeat (same worker, incarnation, sequence) changes
  /// nothing. Whatever does not fit is refused with its reason. The last answer is that to this
  /// commit; others go to workers whose commits were `held`.
  answers commit(const commit_msg& message);
  /// A later membership holds.
  answers join(const membership& now);
  /// Another slice's server decided whose commits the round of `clock` consists of.
  answers close(std::uint64_t clock, const std::vector<std::uint32_t>& accepted);
  /// A window that was applied.
  struct taken {
    std::uint64_t sequence = 0, rows = 0;
    std::uint32_t mini_batches = 0;
  };
  /// This incarnation of a worker is lost, and all before it: nothing more is taken of them. What
  /// was taken of it last, at most two windows; the same when asked again.
  std::vector<taken> fence(std::uint32_t worker, std::uint32_t incarnation);
  /// Windows that were taken, for a message.
  static void tell(const std::vector<taken>& windows, capnp::List<schema::TakenWindow>::Builder to);
  /// Rounds and whose commits they took.
  using rounds = std::vector<std::pair<std::uint64_t, std::vector<std::uint32_t>>>;
  /// Those applied since the last call; kept only where this slice decides.
  rounds take_closed();
  /// The last of them: no other slice is further behind.
  const rounds& recently_closed() const noexcept { return recent_; }

  /// The centre for who starts from it (or schema::Pull::NOBODY). `version` other than 0: that of
  /// this round; an empty message: it is not there yet, and may come.
  center_msg pull(std::uint32_t worker, std::uint64_t version);
  /// All that is to be kept of the slice. Synchronous: once the round of `clock` is applied; empty
  /// before.
  image_msg image(std::uint64_t clock, std::uint64_t term = 0) const;
  const center_msg& center() const noexcept { return now_->exact; }
  std::uint64_t version() const noexcept { return version_; }
  /// The last round that was applied; 0 where there are none.
  std::uint64_t clock() const { return gate_->clock(); }

 private:
  /// One version of the centre; encoded when it is first asked for.
  struct snapshot {
    center_msg exact, encoded;
  };
  using shared_snapshot = std::shared_ptr<snapshot>;
  /// What is remembered of a worker.
  struct known_worker {
    std::uint32_t incarnation = 0;
    std::uint64_t sequence = 0;      // of the last commit applied
    std::uint64_t answered = 0;      // of the last one applied and answered here
    std::vector<taken> last;         // applied, at most two
    std::vector<taken> fenced;       // those of the incarnation before
    std::vector<std::uint64_t> own;  // versions it made since its base, ascending
    std::vector<center_msg> given;   // centres it got last, where the protocol wants them
    commit_msg waiting;              // held: not applied yet, or not answered
    span<const float> payload;       // its numbers: in the message, or decoded
    std::vector<float> decoded;      // where a round keeps them
    bool early = false;              // the waiting one: of a view that is not here yet
    bool applied = false;            // the waiting one is
    bool repeated = false;           // it was before it came
    std::uint64_t staleness = 0;     // of the waiting one
    shared_snapshot before;          // the centre that met it, where that is the answer
  };

  /// Whether the consistency knows of a commit of this worker that waits.
  static bool waits(const known_worker& from) { return !from.waiting.empty() && !from.early; }
  center_slice(std::shared_ptr<const run_plan> plan, std::shared_ptr<codecs> with,
               std::uint32_t number, std::uint64_t version, double rate, bool decides);
  void fill(capnp::Data::Reader payload, capnp::Data::Reader state, std::uint64_t steps);
  answers refuse(const schema::Commit::Reader& c, const std::string& reason,
                 bool not_finite = false) const;
  /// Hands a commit to the consistency and does what that says.
  answers accept(std::uint32_t worker);
  answers again(std::uint32_t worker, const commit_msg& message);
  static answers with_last(answers out, const commit_msg& message);
  void follow(const consistency::steps& steps, std::uint32_t arrived, answers& out);
  void apply(std::uint32_t worker, answers& out);
  void apply_round(std::vector<std::uint32_t> workers, std::uint64_t clock, answers& out);
  void gives(known_worker& to) const;
  commit_view view_of(const known_worker& from) const;
  void advance(center_msg next);
  void applied(std::uint32_t worker, std::uint64_t staleness, const shared_snapshot& met);
  void release(std::uint32_t worker, answers& out);
  void drop(std::uint32_t worker, answers& out);
  const center_msg& encoded(snapshot& of);
  /// Rounds that are remembered of those this slice decided.
  static constexpr std::size_t most_recent = 64;
  std::uint64_t staleness_of(known_worker& from, const schema::Commit::Reader& c) const;

  std::shared_ptr<const run_plan> plan_;
  std::shared_ptr<codecs> codecs_;
  slice_range range_;
  bool statistics_, answers_before_, keeps_base_, decides_;
  double rate_;
  std::unique_ptr<server_half> half_;
  std::unique_ptr<consistency> gate_;
  std::uint64_t view_ = 0;
  bool members_ = true;  // whether there are any, or may be
  std::uint64_t version_;
  shared_snapshot now_, previous_;  // previous_: of synchronous runs, for who pulls a whole round
  std::map<std::uint32_t, known_worker> workers_;
  std::vector<std::uint32_t> early_;  // whose waiting commits belong to a view not here yet
  rounds closed_, recent_;
  std::vector<float> scratch_;  // a decoded commit that is applied at once
};

}  // namespace troupe
