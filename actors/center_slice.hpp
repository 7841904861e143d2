#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "troupe/actors/messages/training.capnp.h"
#include "troupe/actors/messages/wire.hpp"
#include "troupe/optimizers/protocol.hpp"

namespace troupe {

using commit_msg = wire<schema::Commit>;
using center_msg = wire<schema::Center>;
using verdict_msg = wire<schema::Verdict>;

/// A refusal; `not_finite` tells the worker that it has diverged.
verdict_msg make_refusal(std::uint32_t slice, std::uint64_t sequence, const std::string& reason,
                         bool not_finite = false);

/// One slice of the centre variable at its parameter server: the numbers, their version, and which
/// commit of each worker was applied last. No CAF: the actor only sends what this answers.
///
/// The numbers lie in the message that answers: applying a commit writes the new centre into a
/// new message in one pass, and everyone who asks for that version shares it.
class center_slice {
 public:
  center_slice(slice_range range, std::unique_ptr<server_half> half, bool answers_before,
               std::uint64_t version, span<const float> values);

  struct answer {
    verdict_msg verdict;
    center_msg center;  ///< empty with `refused` and `fenced`
  };
  /// Applies a commit once: a repeat (same worker, incarnation, sequence) changes nothing and is
  /// answered with the latest centre. Whatever does not fit is refused with its reason.
  answer commit(const schema::Commit::Reader& commit);

  const center_msg& center() const noexcept { return center_; }
  std::uint64_t version() const noexcept { return version_; }

 private:
  /// What is remembered of a worker: enough to know a repeat and to compute staleness.
  struct last_of_worker {
    std::uint32_t worker = 0;
    std::uint32_t incarnation = 0;
    std::uint64_t sequence = 0;
    std::uint64_t version = 0;         // after its last commit
    std::uint64_t version_before = 0;  // after the one before that
  };
  last_of_worker& last_of(std::uint32_t worker);

  slice_range range_;
  std::unique_ptr<server_half> half_;
  bool answers_before_;
  std::uint64_t version_;
  center_msg center_;
  std::vector<last_of_worker> workers_;  // sorted by worker
};

}  // namespace troupe
