#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "troupe/base/registry.hpp"
#include "troupe/base/sectioned_file.hpp"
#include "troupe/base/settings.hpp"
#include "troupe/base/span.hpp"
#include "troupe/data/data_spec.hpp"
#include "troupe/data/dataset.hpp"

namespace troupe {

/// What fitting needs to know of some rows: sums in double, taken over fixed blocks of 4,096 rows
/// and merged in block order, so that any number of shards gives the same bits.
struct fit_block {
  std::uint64_t block = 0;  ///< number of the block of 4,096 rows
  std::vector<double> numbers;
};
constexpr std::size_t fit_block_rows = 4096;

/// A transform that treats each column by itself: y = scale x + shift, and `missing` where x is
/// missing (not-a-number; then not-a-number stays). One number for all columns, or one each.
/// Neighbours of this kind are composed into one pass over the rows.
struct column_map {
  std::vector<double> scale{1}, shift{0};
  std::vector<double> missing{std::numeric_limits<double>::quiet_NaN()};
};

/// One step from raw features towards what the network eats.
class transform {
 public:
  virtual ~transform() = default;
  /// Shape after this transform, given the shape before; throws error (job) with an empty place.
  virtual std::vector<std::size_t> output(const std::vector<std::size_t>& input) = 0;
  /// Whether the transform must see the training rows first.
  virtual bool needs_fit() const { return false; }
  /// Sums over `rows` rows (already through the transforms before this one).
  virtual std::vector<double> partial(const float* rows, std::size_t count) const;
  /// Takes what `partial` said of the rows that follow into `total`. By default: adds.
  virtual void merge(std::vector<double>& total, const std::vector<double>& more) const;
  /// Sets the fitted state from all rows.
  /// \throws error (data) with an empty place, where the rows allow no fit.
  virtual void finish(const std::vector<double>& total);
  /// In place on `count` rows (no transform changes the number of values of a row).
  virtual void apply(float* rows, std::size_t count) const = 0;
  /// The same as a map of columns, where it is one (after fitting): the pipeline then composes
  /// it with its neighbours and does not call `apply`.
  virtual std::optional<column_map> columns() const { return std::nullopt; }
  /// Fitted state as flat doubles, saved with the model.
  virtual std::vector<double> state() const { return {}; }
  /// \throws error (data) with an empty place, where the state is not one of this transform.
  virtual void set_state(const std::vector<double>& state);
};

struct transform_entry {
  std::string name;
  std::string summary;
  std::vector<setting> options;
  bool on_labels = false;  ///< label_index, one_hot: `prepare` deals with them, make is empty
  std::function<std::unique_ptr<transform>(const settings& options)> make;
};

class transform_plan;

/// The transforms of a job in order. Immutable after fitting; `apply` may be called from any
/// thread.
class pipeline {
 public:
  pipeline() = default;
  /// Transforms of labels are left out: `prepare` deals with them.
  /// \throws error (job), place "data.transforms.2", where a transform does not fit the shape.
  pipeline(const std::vector<transform_spec>& transforms, const std::vector<std::size_t>& input,
           const registry<transform_entry>& known);

  const std::vector<std::size_t>& input() const noexcept { return input_; }
  const std::vector<std::size_t>& output() const noexcept { return output_; }

  /// Fits every transform that needs it, in order, on these rows of `train` (all, as fixed blocks).
  void fit(const dataset& train);
  /// The two halves of `fit` for transform `index`, for rows that lie in several shards: each
  /// calls `partial` for its blocks, one merges them (in block order, whatever their order here).
  std::vector<std::size_t> to_fit() const;
  fit_block partial(std::size_t index, std::uint64_t block, element_type type, const std::byte* raw,
                    std::size_t rows) const;
  void finish(std::size_t index, std::vector<fit_block> blocks);

  /// Raw rows (contiguous) to floats, rows x volume(output). One pass where the transforms allow:
  /// u8 with min_max is one multiply-add a value. Neither locks nor allocates.
  void apply(element_type type, const std::byte* raw, std::size_t rows, float* out) const;

  /// Whether rows of this type cannot become missing or infinite, whatever their values.
  bool always_finite(element_type type) const noexcept;

  /// Saved with the model under the section "transforms".
  void save(sectioned_file& file) const;
  /// \throws error (data) for any section that `save` did not write.
  static pipeline load(const sectioned_file& file, const registry<transform_entry>& known);

 private:
  struct step;
  void compile();

  std::vector<std::shared_ptr<step>> steps_;
  std::vector<std::size_t> input_, output_;
  std::shared_ptr<const transform_plan> plan_;  ///< null: made by the default constructor
  std::size_t volume_ = 1;                      ///< of a row
  bool fitted_ = true;
};

}  // namespace troupe
