#include <stdexcept>

#include "troupe/optimizers/compression.hpp"

namespace troupe {

#define TROUPE_CODEC(name) codec_entry name##_codec();
#include "troupe/optimizers/codecs/codecs.def"
#undef TROUPE_CODEC

namespace {

/// With the options that all of them share.
codec_entry completed(codec_entry entry) {
  entry.options.push_back(
      declare::text("answers", "how the centre travels back to the workers", "none")
          .one_of({"none", "float16", "bfloat16"}));
  if (!entry.lossless) {
    entry.options.push_back(
        declare::boolean("error_feedback",
                         "whether a worker adds what compression lost to its next commit; not used "
                         "by protocols that send their replica",
                         true));
  }
  return entry;
}

}  // namespace

registry<codec_entry> builtin_codecs() {
  registry<codec_entry> known;
#define TROUPE_CODEC(name) known.add(completed(name##_codec()));
#include "troupe/optimizers/codecs/codecs.def"
#undef TROUPE_CODEC
  return known;
}

std::unique_ptr<codec> make_answer_codec(const std::string& name) {
  if (name == "none") return none_codec().make({});
  if (name == "float16") return float16_codec().make({});
  if (name == "bfloat16") return bfloat16_codec().make({});
  throw std::logic_error("'" + name + "' is not a way for answers to travel");
}

}  // namespace troupe
