#include "troupe/models/network_plan.hpp"

#include <fmt/format.h>

#include "troupe/base/error.hpp"

namespace troupe {

namespace {

// Beyond these a job is a slip of the pen, and products of sizes might overflow.
constexpr std::size_t largest_row = std::size_t{1} << 31;
constexpr std::size_t most_parameters = std::size_t{1} << 33;

std::string layer_place(std::size_t index) {
  return fmt::format("model.layers.{}", index);
}

/// The volume, or `largest_row` + 1 if it is more than that.
std::size_t bounded_volume(const shape& s) noexcept {
  std::size_t product = 1;
  for (std::size_t extent : s) {
    if (extent == 0) return 0;
    if (extent > largest_row / product) return largest_row + 1;
    product *= extent;
  }
  return product;
}

void check_row(const shape& row, const std::string& place, const std::string& what) {
  const std::size_t numbers = bounded_volume(row);
  if (row.empty() || numbers == 0) {
    throw job_error(place, fmt::format("{} [{}] has an extent of 0 or none at all", what,
                                       fmt::join(row, ", ")));
  }
  if (numbers > largest_row) {
    throw job_error(place, fmt::format("{} {} is too large: more than {} numbers a row", what,
                                       to_text(row), largest_row));
  }
}

std::unique_ptr<layer> make_layer(const layer_spec& spec, const shape& input, std::size_t index,
                                  const model_catalogue& catalogue) {
  const std::string place = layer_place(index);
  const layer_entry& entry = catalogue.layers.at(spec.kind, place, "layer");
  try {
    const auto no_place = [](const std::string&) { return std::string(); };
    const settings options = resolve(entry.options, spec.options, no_place, spec.kind);
    auto made = entry.make(options, input);
    check_row(made->output(), "", "the output");
    return made;
  } catch (const error& e) {
    throw error(e.kind(), place, e.message());
  }
}

}  // namespace

std::size_t total(const std::vector<parameter_block>& blocks) noexcept {
  std::size_t sum = 0;
  for (const parameter_block& block : blocks) sum += block.count;
  return sum;
}

network_plan::network_plan(const model_spec& spec, const model_catalogue& catalogue)
    : input(spec.input) {
  check_row(spec.input, "model.input", "the input");
  add_layers(spec, catalogue);
  add_loss(spec, catalogue);
}

void network_plan::add_layers(const model_spec& spec, const model_catalogue& catalogue) {
  if (spec.layers.empty()) throw job_error("model.layers", "a model needs at least one layer");
  shape row = spec.input;
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    layers.push_back(make_layer(spec.layers[i], row, i, catalogue));
    row = layers.back()->output();
    const std::size_t parameters = total(layers.back()->parameters());
    summary.layers.push_back({spec.layers[i].kind, row, parameters});
    summary.parameters += parameters;
    for (const parameter_block& block : layers.back()->statistics()) {
      summary.statistics += block.count;
      summary.statistics_decay.insert(summary.statistics_decay.end(), block.count,
                                      static_cast<float>(block.decay));
    }
    if (summary.parameters > most_parameters) {
      throw job_error(layer_place(i), fmt::format("the model would have {} parameters; at most {}",
                                                  summary.parameters, most_parameters));
    }
  }
  if (summary.parameters == 0) {
    throw job_error("model.layers", "no layer has parameters, so there is nothing to train");
  }
  summary.output = row;
}

void network_plan::add_loss(const model_spec& spec, const model_catalogue& catalogue) {
  const loss_entry& entry = catalogue.losses.at(spec.loss, "model.loss", "loss");
  summary.labels = entry.labels;
  loss = entry.make();
  if (entry.labels == label_use::classes) {
    if (summary.output.size() != 1) {
      throw job_error("model.loss",
                      fmt::format("{} needs one output for each class, not {}; put a flatten and a "
                                  "dense layer at the end",
                                  spec.loss, to_text(summary.output)));
    }
    if (summary.output[0] < 2) {
      throw job_error("model.loss", spec.loss +
                                        " needs at least two outputs; for a single one there is "
                                        "binary_crossentropy");
    }
  }
  leave_activation_to_loss(spec.loss);
}

void network_plan::leave_activation_to_loss(const std::string& loss_name) {
  const std::string wanted = loss->fused_activation();
  if (wanted.empty()) return;
  std::size_t last = layers.size() - 1;
  while (last > 0 && layers[last]->only_reshapes()) --last;
  const std::string found = layers[last]->final_activation();
  // The loss would add the activation once more above a dropout that follows it.
  std::size_t below = last;
  while (below > 0 && layers[below]->final_activation().empty() &&
         layers[below]->parameters().empty()) {
    --below;
  }
  if (below < last && layers[below]->final_activation() == wanted) {
    throw job_error(fmt::format("model.layers.{}", last),
                    fmt::format("{} wants {} at the very end: nothing may come after it",
                                loss_name, wanted));
  }
  // Softmax is over the last axis, which a reshape after it would change.
  const bool reshaped = layers[last]->output() != summary.output && wanted == "softmax";
  if (!found.empty() && (found != wanted || reshaped)) {
    throw job_error(
        "model.loss",
        fmt::format("{} wants the model to end in {} (or in no activation, which means "
                    "the same), not in {}{}",
                    loss_name, wanted, found, found == wanted ? " and then another shape" : ""));
  }
  if (!found.empty()) layers[last] = layers[last]->without_activation();
  output_activation = activation_function(wanted);
}

}  // namespace troupe
