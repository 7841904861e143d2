#include "troupe/data/pipeline.hpp"

namespace troupe {

transform_entry label_index_transform() {
  transform_entry entry;
  entry.name = "label_index";
  entry.summary = "fixes the order in which labels become classes 0, 1, ...";
  entry.options = {declare::word_list("order", "the labels in order").required()};
  entry.on_labels = true;
  return entry;
}

transform_entry one_hot_transform() {
  transform_entry entry;
  entry.name = "one_hot";
  entry.summary = "makes a label a row of zeros with a one at its class";
  entry.options = {
      declare::integer("classes", "the width of the row").at_least(1).at_most(1e6).required()};
  entry.on_labels = true;
  return entry;
}

}  // namespace troupe
