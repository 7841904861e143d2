#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "troupe/actors/messages/training.capnp.h"
#include "troupe/actors/messages/wire.hpp"
#include "troupe/actors/run_plan.hpp"

namespace troupe {

/// Numbers into commits and out of them again, in the run's compression; batch statistics are
/// never compressed. Scratch memory inside: one per actor.
class payload_codec {
 public:
  /// `sends`: of a worker, which keeps what compression loses.
  payload_codec(std::shared_ptr<const run_plan> plan, bool sends);

  /// Fills the payload of a commit whose other fields are set; `fill` writes the slice's numbers.
  /// Returns the payload's bytes.
  std::size_t write(wire_builder<schema::Commit>& commit,
                    const std::function<void(span<float>)>& fill);

  /// Points `values` to the numbers of a commit, in the message itself or in `scratch`. Empty if
  /// all is well, else why the commit must be refused.
  std::string read(const schema::Commit::Reader& commit, std::vector<float>& scratch,
                   span<const float>& values);

  /// A commit was not taken: what it carried goes back to what is to be sent.
  void lost(const schema::Commit::Reader& commit);

 private:
  codec_key key_of(std::uint32_t slice, std::uint32_t epoch, std::uint64_t first) const;
  bool encodes(std::uint32_t slice) const { return codec_ && !plan_->is_statistics(slice); }

  std::shared_ptr<const run_plan> plan_;
  std::unique_ptr<codec> codec_;  // null: none
  std::optional<error_feedback> feedback_;
  std::vector<float> values_;
  std::vector<std::byte> bytes_;
};

/// The centre as answers to commits carry it.
class answer_codec {
 public:
  explicit answer_codec(const run_plan& plan);

  /// The message with its numbers encoded; itself where answers travel as they are.
  wire<schema::Center> encoded(const wire<schema::Center>& exact);
  /// Points `values` to the numbers of an answer, as above. Empty if all is well.
  std::string read(const schema::Center::Reader& center, std::size_t count,
                   span<const float>& values);

 private:
  std::string name_;
  std::unique_ptr<codec> codec_;  // null: none
  std::vector<float> values_;
  std::vector<std::byte> bytes_;
};

}  // namespace troupe
