#include "troupe/data/prepare.hpp"

namespace troupe {

// Each entry is made by a function of its own file, declared and called from the two lists.
#define TROUPE_READER(name) reader_entry name##_reader();
#include "troupe/data/readers/readers.def"
#undef TROUPE_READER
#define TROUPE_TRANSFORM(name) transform_entry name##_transform();
#include "troupe/data/transforms/transforms.def"
#undef TROUPE_TRANSFORM

data_catalogue data_catalogue::builtin() {
  data_catalogue all;
#define TROUPE_READER(name) all.readers.add(name##_reader());
#include "troupe/data/readers/readers.def"
#undef TROUPE_READER
#define TROUPE_TRANSFORM(name) all.transforms.add(name##_transform());
#include "troupe/data/transforms/transforms.def"
#undef TROUPE_TRANSFORM
  return all;
}

}  // namespace troupe
