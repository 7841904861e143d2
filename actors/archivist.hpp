#pragma once

#include <string>
#include <vector>

#include "troupe/actors/cast.hpp"
#include "troupe/actors/checkpoint.hpp"

namespace troupe {

/// What the supervisor and the servers gave of a run at one moment.
struct cut_run {
  checkpoint books;               ///< without the centre and the slices
  std::vector<image_msg> images;  ///< of all slices
};
using cut_ptr = std::shared_ptr<const cut_run>;

/// The checkpoint of it. \throws error (run) where an image does not fit.
checkpoint assemble(const cut_run& cut, const run_plan& plan);

/// Writes the checkpoints of a run into a folder, and reads them; spawned detached, as files take
/// their time.
using archivist_actor = caf::typed_actor<
    /// Answered with the file's name once it is on the disk, or with why it is not.
    caf::replies_to<cut_ptr>::with<std::string>,
    /// The last whole one with a number of at most this; null: there is none.
    caf::replies_to<load_atom, std::uint64_t>::with<checkpoint_ptr>>;

archivist_actor::behavior_type archivist(archivist_actor::pointer self,
                                         std::shared_ptr<const run_plan> plan,
                                         const std::string& folder);

}  // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cut_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::checkpoint_ptr)
