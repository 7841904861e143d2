#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "troupe/actors/ledger.hpp"
#include "troupe/actors/messages/local.hpp"
#include "troupe/actors/run_plan.hpp"

namespace troupe {

/// A run at one moment: all that it takes to go on with it. Workers' replicas, moments and
/// residuals are not kept: they start again from the centre. No CAF.
struct checkpoint {
  struct slice {
    std::uint64_t version = 0, steps = 0;
    std::vector<float> state;  ///< of the server's rule
  };
  std::uint64_t number = 0;  ///< 1, 2, 3 ... within a run
  double seconds = 0;        ///< trained until then
  std::uint64_t evaluations = 0;
  double rate = 1;                  ///< factor of the job's learning rate
  nlohmann::json totals;            ///< run_totals::image
  nlohmann::json rules;             ///< stop_rules::image
  snapshot_ptr best;                ///< the best evaluated model, where the job wants it
  std::vector<ledger_image> books;  ///< one a group
  center_snapshot center;
  std::vector<slice> slices;
};
using checkpoint_ptr = std::shared_ptr<const checkpoint>;

/// Writes a checkpoint into `folder` (made if need be) and removes all but the last `keep`. What is
/// there is whole: it is written beside, synced and renamed. \returns the file's name.
/// \throws error (run): nothing half-written is left, older ones stay.
std::string save_checkpoint(const checkpoint& of, const run_plan& plan, const std::string& folder,
                            std::uint32_t keep);

struct found_checkpoint {
  checkpoint_ptr last;               ///< null: there is none
  std::string file;                  ///< its name
  std::vector<std::string> damaged;  ///< later ones that cannot be used, each with why
};
/// The last whole checkpoint of a folder with a number of at most `most`. \throws error (data)
/// where the folder's checkpoints are of another job, or of other data.
found_checkpoint load_last_checkpoint(const run_plan& plan, const std::string& folder,
                                      std::uint64_t most = ~std::uint64_t{0});

}  // namespace troupe
