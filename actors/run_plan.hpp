#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "troupe/config/job.hpp"
#include "troupe/data/permutation.hpp"
#include "troupe/data/pipeline.hpp"
#include "troupe/data/prepare.hpp"
#include "troupe/models/network.hpp"
#include "troupe/optimizers/protocol.hpp"

namespace troupe {

/// What every actor of one run knows from its start and nobody changes: the job and what follows
/// from it and from the data. Shared by the actors of a process.
struct run_plan {
  std::uint64_t run = 0;  ///< tells this run's messages from another's
  job of;
  catalogue known;
  protocol_entry protocol;
  protocol_setup setup;  ///< setup.window: mini-batches between two commits
  model_summary model;
  pipeline transforms;
  std::size_t label_width = 1;
  std::uint64_t rows_per_epoch = 0;
  bool has_validation = false;  ///< evaluation while training is on it, else on the test part
  bool has_evaluation = false;  ///< whether there is either of them
  std::vector<slice_range> slices;  ///< of the parameter vector
  /// What training starts from; empty: the layers' initialisers, with the job's seed.
  std::vector<float> first_parameters, first_statistics;

  /// Slices that travel: those of the parameters and, where the model has batch statistics, one
  /// more for them (its index is slices.size()).
  std::size_t slice_count() const noexcept { return slices.size() + (has_statistics() ? 1 : 0); }
  bool has_statistics() const noexcept { return model.statistics > 0; }
  bool is_statistics(std::size_t slice) const noexcept { return slice == slices.size(); }
  /// Which of `servers` servers is home to a slice: slices spread evenly, statistics at the last.
  std::uint32_t home_of(std::size_t slice, std::size_t servers) const;
  /// Rows of the largest mini-batch there is.
  std::size_t largest_batch() const noexcept;
  /// Extent of a slice in the vector it belongs to.
  slice_range range_of(std::size_t slice) const;

  std::uint64_t total_rows() const noexcept { return rows_per_epoch * of.training.epochs; }
  /// Share of the run's rows before this position: what learning-rate schedules follow.
  double fraction(std::uint64_t epoch, std::uint64_t position) const noexcept;
  permutation order_of(std::uint64_t epoch) const {
    return {of.seed, epoch, rows_per_epoch, of.data.shuffle};
  }
};

/// \throws error (job) where the job does not hold together.
std::shared_ptr<run_plan> make_run_plan(const job& of, const catalogue& known,
                                        const prepared_data& data);

}  // namespace troupe
