#include "troupe/optimizers/compression.hpp"

namespace troupe {

#define TROUPE_CODEC(name) codec_entry name##_codec();
#include "troupe/optimizers/codecs/codecs.def"
#undef TROUPE_CODEC

registry<codec_entry> builtin_codecs() {
  registry<codec_entry> known;
#define TROUPE_CODEC(name) known.add(name##_codec());
#include "troupe/optimizers/codecs/codecs.def"
#undef TROUPE_CODEC
  return known;
}

}  // namespace troupe
