#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "troupe/config/job.hpp"
#include "troupe/data/permutation.hpp"
#include "troupe/data/pipeline.hpp"
#include "troupe/data/prepare.hpp"
#include "troupe/models/network.hpp"
#include "troupe/optimizers/protocol.hpp"

namespace troupe {

/// Which row is at a position of an epoch.
class epoch_order {
 public:
  explicit epoch_order(permutation within) : within_(within) {}
  /// Positions of a part of the rows, which `dealt` mixes: those from `first` on.
  epoch_order(permutation within, permutation dealt, std::uint64_t first)
      : within_(within), dealt_(dealt), first_(first) {}
  std::uint64_t row(std::uint64_t position) const noexcept {
    const std::uint64_t at = within_.row(position);
    return dealt_ ? dealt_->row(first_ + at) : at;
  }

 private:
  permutation within_;
  std::optional<permutation> dealt_;
  std::uint64_t first_ = 0;
};

/// What every actor of one run knows from its start and nobody changes: the job and what follows
/// from it and from the data. Shared by the actors of a process.
struct run_plan {
  std::uint64_t run = 0;  ///< tells this run's messages from another's
  job of;
  catalogue known;
  protocol_entry protocol;
  protocol_setup setup;  ///< setup.window: mini-batches between two commits
  consistency_entry consistency;
  codec_entry compression;
  model_summary model;
  pipeline transforms;
  std::size_t label_width = 1;
  std::uint64_t rows_per_epoch = 0;
  std::uint32_t nodes = 1;          ///< processes that play the actors
  bool has_validation = false;      ///< evaluation while training is on it, else on the test part
  bool has_evaluation = false;      ///< whether there is either of them
  std::vector<slice_range> slices;  ///< of the parameter vector
  /// What training starts from; empty: the layers' initialisers, with the job's seed.
  std::vector<float> first_parameters, first_statistics;

  /// Models that are trained beside each other, each with slices, rows and a seed of its own
  /// ("groups"): one, or one a worker (protocol_entry::separate_models). Worker k trains group
  /// k % groups. `slices` are those of one group.
  std::uint32_t groups = 1;
  bool disjoint = false;  ///< each group has its own part of the rows; else each has them all

  /// Slices of one group that travel: those of the parameters and, where the model has batch
  /// statistics, one more for them. Slice i of group g is number g * group_slices() + i.
  std::size_t group_slices() const noexcept { return slices.size() + (has_statistics() ? 1 : 0); }
  std::size_t slice_count() const noexcept { return groups * group_slices(); }
  bool has_statistics() const noexcept { return model.statistics > 0; }
  bool is_statistics(std::size_t slice) const noexcept {
    return slice % group_slices() == slices.size();
  }
  std::uint32_t group_of(std::uint32_t worker) const noexcept { return worker % groups; }
  /// Which of `servers` servers is home to a slice: slices spread evenly, statistics at the last.
  std::uint32_t home_of(std::size_t slice, std::size_t servers) const;
  /// Rows of the largest mini-batch there is.
  std::size_t largest_batch() const noexcept;
  /// Extent of a slice in its group's vector; its index is the slice's number.
  slice_range range_of(std::size_t slice) const;

  /// Rows of an epoch of one group, and of all groups together.
  std::uint64_t group_rows(std::uint32_t group) const noexcept;
  std::uint64_t epoch_rows() const noexcept;
  std::uint64_t total_rows() const noexcept { return epoch_rows() * of.training.epochs; }
  /// Share of the group's rows before this position: what learning-rate schedules follow.
  double fraction(std::uint32_t group, std::uint64_t epoch, std::uint64_t position) const noexcept;
  /// The seed of everything random in a group; that of the first is the job's.
  std::uint64_t seed_of(std::uint32_t group) const noexcept;
  epoch_order order_of(std::uint64_t epoch, std::uint32_t group = 0) const;
  /// Whether servers answer with the centre of a whole round (consistency `synchronous`).
  bool in_rounds() const noexcept { return setup.synchronous; }
  /// Whether servers must know who takes part.
  bool has_members() const noexcept { return consistency.name != "asynchronous"; }
  bool closes_rounds() const;
  /// `setup` with the learning rate times `factor`. \throws error (run) unless 0 < factor <= 1.
  protocol_setup setup_at(double factor) const;
  /// Workers there may be: those of the job and, where they draw from the same rows, others that
  /// join while it trains. Protocols compute with the job's number (`setup.workers`) nevertheless.
  std::uint32_t most_workers() const;
  /// The same for parameter servers.
  std::uint32_t most_servers() const;
  /// Members whose commits a round does not wait for.
  std::uint32_t backup_workers() const;
};

/// What a plan takes from the data: all that a node needs which holds no data itself.
struct data_facts {
  pipeline transforms;  ///< fitted
  std::size_t label_width = 1;
  std::uint64_t rows = 0;  ///< of an epoch
  bool has_validation = false, has_test = false;
};
data_facts facts_of(const prepared_data& data);

/// A number that tells one run's messages from another's.
std::uint64_t new_run_number();

/// The plan of run `run`. \throws error (job) where the job does not hold together.
std::shared_ptr<run_plan> make_run_plan(const job& of, const catalogue& known,
                                        const data_facts& data,
                                        std::uint64_t run = new_run_number());

}  // namespace troupe
