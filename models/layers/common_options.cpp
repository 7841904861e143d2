#include "troupe/models/layers/common_options.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace troupe::layers {

namespace {

// Far beyond any picture; keeps products of extents within 64 bits.
constexpr double largest_extent = 65536;

const std::vector<std::pair<std::string, parameter_block::start>>& initialisers() {
  using start = parameter_block::start;
  static const std::vector<std::pair<std::string, start>> all = {
      {"glorot_uniform", start::glorot_uniform},
      {"glorot_normal", start::glorot_normal},
      {"he_uniform", start::he_uniform},
      {"he_normal", start::he_normal},
      {"zeros", start::zeros},
      {"ones", start::ones}};
  return all;
}

struct walk {
  std::size_t outputs, pad_before, pad_after;
};

walk along(std::size_t input, std::size_t window, std::size_t stride, bool same) {
  if (!same) return {(input - window) / stride + 1, 0, 0};
  const std::size_t outputs = (input + stride - 1) / stride;
  const std::size_t covered = (outputs - 1) * stride + window;
  const std::size_t pad = covered > input ? covered - input : 0;
  return {outputs, pad / 2, pad - pad / 2};
}

}  // namespace

void add_weight_options(std::vector<setting>& to) {
  words starts;
  for (const auto& entry : initialisers()) starts.push_back(entry.first);
  to.push_back(declare::text("activation", "function of the outputs", "linear")
                   .one_of(activation_function::names()));
  to.push_back(declare::boolean("use_bias", "whether a bias is added to each output", true));
  to.push_back(declare::text("initialiser", "how the weights start", "glorot_uniform")
                   .one_of(std::move(starts)));
}

weight_options::weight_options(const settings& options)
    : activation(options.text("activation")), use_bias(options.boolean("use_bias")) {
  for (const auto& [name, start] : initialisers()) {
    if (name == options.text("initialiser")) initialiser = start;
  }
}

extent2d read_extent(const settings& options, const std::string& name) {
  const integers& given = options.integer_list(name);
  if (given.empty() || given.size() > 2) {
    throw unfit(fmt::format("'{}' must be one number or [height, width], not {} numbers", name,
                            given.size()));
  }
  return {static_cast<std::size_t>(given.front()), static_cast<std::size_t>(given.back())};
}

setting extent_option(std::string name, std::string meaning) {
  return declare::integer_list(std::move(name), std::move(meaning))
      .at_least(1)
      .at_most(largest_extent);
}

setting padding_option() {
  return declare::text("padding",
                       "valid: windows stay inside the input; same: zeros around it keep the size",
                       "valid")
      .one_of({"valid", "same"});
}

window_geometry make_window(const shape& input, extent2d window, extent2d stride, bool same,
                            const std::string& what) {
  if (input.size() != 3) {
    throw unfit(fmt::format("{} needs an input of height x width x channels, not {}{}", what,
                            to_text(input),
                            input.size() == 2 ? "; a reshape layer can add the channels" : ""));
  }
  if (!same && (window.height > input[0] || window.width > input[1])) {
    throw unfit(fmt::format("a {} x {} window does not fit into the {} x {} input of {}",
                            window.height, window.width, input[0], input[1], what));
  }
  const walk down = along(input[0], window.height, stride.height, same);
  const walk across = along(input[1], window.width, stride.width, same);
  window_geometry g;
  g.height = input[0];
  g.width = input[1];
  g.channels = input[2];
  g.out_height = down.outputs;
  g.out_width = across.outputs;
  g.window_height = window.height;
  g.window_width = window.width;
  g.stride_height = stride.height;
  g.stride_width = stride.width;
  g.pad_top = down.pad_before;
  g.pad_bottom = down.pad_after;
  g.pad_left = across.pad_before;
  g.pad_right = across.pad_after;
  return g;
}

}  // namespace troupe::layers
