#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "troupe/base/registry.hpp"
#include "troupe/data/data_spec.hpp"
#include "troupe/data/dataset.hpp"
#include "troupe/data/pipeline.hpp"

namespace troupe {

/// What the loss wants of labels (mirrors models' label_use, which this folder does not know).
enum class label_shape { classes, binary, signs, values };

struct label_request {
  label_shape use = label_shape::classes;
  std::size_t units = 1;  ///< outputs of the model
};

/// From raw labels to numbers: the distinct labels of the whole training part, sorted (numbers by
/// value, words by bytes) unless `label_index` gives the order. Saved with the model.
class label_map {
 public:
  /// Names of the classes in order ("0", "b"); empty where labels are values as they are.
  std::vector<std::string> classes;
  label_shape use = label_shape::classes;
  bool as_they_are = false;  ///< whole numbers within 0 .. units-1 need no map
  std::size_t one_hot = 0;   ///< width, where a one_hot transform asks for it

  void save(sectioned_file& file) const;
  static label_map load(const sectioned_file& file);
};

struct reader_entry {
  std::string name;
  std::string summary;
  std::vector<setting> options;
  /// \throws error (data) naming file, row and column. `rows`: stop after so many (0: all).
  std::function<dataset(const settings& options, const std::string& directory,
                        std::uint64_t seed, std::size_t rows)> read;
};

struct data_catalogue {
  registry<reader_entry> readers;
  registry<transform_entry> transforms;
  /// readers/readers.def, transforms/transforms.def
  static data_catalogue builtin();
};

/// All data of a job, ready: raw features, labels as the loss wants them.
struct prepared_data {
  std::shared_ptr<const dataset> train;
  std::shared_ptr<const dataset> validation;  ///< null: none
  std::shared_ptr<const dataset> test;        ///< null: none
  pipeline transforms;
  label_map labels;
};

/// Reads, splits (seeded, before anything is fitted), fits on the training part, maps labels.
/// \throws error (data) with file and row; error (job) with a path ("data.transforms.1").
prepared_data prepare(const data_spec& spec, const label_request& labels, std::uint64_t seed,
                      const data_catalogue& catalogue);

/// Rows of one source through an existing label map (for `evaluate` and `predict`); labels may be
/// absent.
dataset read_for(const source_spec& source, const std::string& directory, std::uint64_t seed,
                 const label_map& labels, const data_catalogue& catalogue);

}  // namespace troupe
