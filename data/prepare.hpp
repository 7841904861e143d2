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
  std::size_t width = 1;     ///< labels a row in the source

  /// The label that output `index` stands for, as `predict` prints it.
  std::string name(std::size_t index) const;

  void save(sectioned_file& file) const;
  /// \throws error (data) for any section that `save` did not write.
  static label_map load(const sectioned_file& file);
};

/// What a reader is asked for.
struct read_request {
  settings options;             ///< resolved against the reader's declarations
  std::string directory = ".";  ///< relative paths start here
  std::uint64_t seed = 0;       ///< for readers that make their rows
  std::size_t rows = 0;         ///< stop after so many; 0: all
  /// Made rows of different parts are different rows.
  enum class part : std::uint8_t { train = 0, test = 1 } of = part::train;
  /// `predict` takes rows with or without labels; with `values` features a row expected (0: not
  /// known), a reader can tell which.
  bool labels_optional = false;
  std::size_t values = 0;
  /// With labels_optional: a column of labels, where there is one, is left out unread.
  bool labels_ignored = false;
  /// How text is read; the rows do not depend on it.
  std::size_t threads = 0;      ///< 0: as many as there are cores, up to a few
  std::size_t block_bytes = 0;  ///< read at a time; 0: what suits
};

struct reader_entry {
  std::string name;
  std::string summary;
  std::vector<setting> options;
  /// \throws error (data) naming file, row and column.
  std::function<dataset(const read_request& request)> read;
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
/// absent. Made rows are those of the test part. `values`: features a row the model wants (0: not
/// known), by which a table without a header shows whether it has labels.
dataset read_for(const source_spec& source, const std::string& directory, std::uint64_t seed,
                 const label_map& labels, const data_catalogue& catalogue, std::size_t values = 0);

/// Rows to predict, from one source: labels, where there are any, are left out, whatever they say.
/// `values` as above.
dataset read_features(const source_spec& source, const std::string& directory, std::uint64_t seed,
                      const data_catalogue& catalogue, std::size_t values);

/// Checks that named columns stand where they stood in the training part (`dataset::columns`).
/// \throws error (data) naming the first that does not.
void check_columns(const dataset& data, const std::vector<std::string>& trained);

/// Checks that the rows have the shape the transforms start from, and that no value is missing or
/// not finite after them. `prepare` has done so for its parts; after `read_for` it is the caller's.
/// \throws error (data) naming row and column.
void check_values(const dataset& data, const pipeline& transforms);

}  // namespace troupe
