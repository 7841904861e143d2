#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "troupe/base/error.hpp"
#include "troupe/data/transforms/column_sums.hpp"
#include "troupe/data/transforms/column_transform.hpp"

namespace troupe {

namespace {

/// Puts a number in the place of missing values: one for all, or the mean of those of the column
/// that are there.
class fill_missing : public column_transform {
 public:
  explicit fill_missing(const settings& options) {
    const std::string& with = options.word_list("with").empty() ? "" : options.word_list("with")[0];
    mean_ = with == "mean";
    if (mean_) return;
    double number = 0;
    const char* end = with.data() + with.size();
    const auto [at, failure] = std::from_chars(with.data(), end, number);
    if (failure != std::errc() || at != end || !std::isfinite(static_cast<float>(number)) ||
        options.word_list("with").size() != 1) {
      throw job_error("", fmt::format("'with' must be mean or a number, not {}",
                                      to_text(options.word_list("with"))));
    }
    column_map map;
    map.missing = {number};
    set_map(map);
  }

  bool needs_fit() const override { return mean_; }

  std::vector<double> partial(const float* rows, std::size_t count) const override {
    return column_sums(rows, count, volume());
  }
  void merge(std::vector<double>& total, const std::vector<double>& more) const override {
    merge_column_sums(total, more);
  }
  void finish(const std::vector<double>& total) override {
    for (std::size_t c = 0; c < volume(); ++c) {
      if (total[c] == 0) {
        throw data_error("", fmt::format("value {} of the row is missing in every row of the "
                                         "training part, so it has no mean",
                                         c + 1));
      }
    }
    const auto first = total.begin() + static_cast<std::ptrdiff_t>(volume());
    set_state({first, first + static_cast<std::ptrdiff_t>(volume())});
  }
  std::vector<double> state() const override { return mean_ ? means_ : std::vector<double>(); }
  void set_state(const std::vector<double>& state) override {
    expect_state(state, mean_ ? volume() : 0);
    if (!mean_) return;
    means_ = state;
    column_map map;
    map.missing = state;
    set_map(std::move(map));
  }

 private:
  bool mean_ = false;
  std::vector<double> means_;
};

}  // namespace

transform_entry fill_missing_transform() {
  transform_entry entry;
  entry.name = "fill_missing";
  entry.summary = "puts a number in the place of missing values";
  entry.options = {declare::word_list(
      "with", "mean (of the column, over the training part) or a number", words{"mean"})};
  entry.make = [](const settings& options) { return std::make_unique<fill_missing>(options); };
  return entry;
}

}  // namespace troupe
