#include <fmt/format.h>

#include "troupe/base/error.hpp"
#include "troupe/data/transforms/column_transform.hpp"

namespace troupe {

namespace {

/// The same values in the same order under another shape.
class reshape : public column_transform {
 public:
  explicit reshape(const settings& options) {
    for (const std::int64_t extent : options.integer_list("shape")) {
      shape_.push_back(static_cast<std::size_t>(extent));
    }
    if (shape_.empty()) throw job_error("", "'shape' must have an extent");
  }

  std::vector<std::size_t> output(const std::vector<std::size_t>& input) override {
    column_transform::output(input);
    if (volume_of(shape_, volume()) != volume()) {
      throw job_error("", fmt::format("{} does not hold the {} values of {}", shape_text(shape_),
                                      volume(), shape_text(input)));
    }
    return shape_;
  }

 private:
  std::vector<std::size_t> shape_;
};

}  // namespace

transform_entry reshape_transform() {
  transform_entry entry;
  entry.name = "reshape";
  entry.summary = "gives each row another shape of the same volume";
  entry.options = {
      declare::integer_list("shape", "the extents, channels last").at_least(1).required()};
  entry.make = [](const settings& options) { return std::make_unique<reshape>(options); };
  return entry;
}

}  // namespace troupe
