#include "troupe/models/network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "troupe/base/error.hpp"
#include "troupe/base/random.hpp"
#include "troupe/models/float_buffer.hpp"
#include "troupe/models/initialise.hpp"
#include "troupe/models/network_plan.hpp"
#include "troupe/models/subnormals.hpp"

namespace troupe {

namespace {

constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

std::uint64_t correct_classes(const float* outputs, const batch& rows, std::size_t width) {
  std::uint64_t correct = 0;
  for (std::size_t r = 0; r < rows.rows; ++r, outputs += width) {
    const float* label = rows.labels + r * rows.label_width;
    const auto guess = std::max_element(outputs, outputs + width) - outputs;
    if (rows.label_width == 1) {
      correct += static_cast<float>(guess) == *label;
    } else {
      correct += guess == std::max_element(label, label + width) - label;
    }
  }
  return correct;
}

std::uint64_t correct_sides(const float* outputs, const batch& rows, float output_middle,
                            float label_middle) {
  std::uint64_t correct = 0;
  for (std::size_t r = 0; r < rows.rows; ++r) {
    correct += (outputs[r] > output_middle) == (rows.labels[r] > label_middle);
  }
  return correct;
}

}  // namespace

model_summary describe(const model_spec& spec, const model_catalogue& catalogue) {
  return network_plan(spec, catalogue).summary;
}

struct network::implementation {
  /// A layer at work and where its numbers lie.
  struct stage {
    std::unique_ptr<layer_pass> pass;            // none: the numbers are handed on as they are
    std::size_t parameters = 0, statistics = 0;  // where its part of the flat vectors begins
    float_buffer output;
    const float* x = nullptr;  // of the last forward pass
    const float* y = nullptr;
  };

  implementation(const model_spec& spec, std::size_t largest, const model_catalogue& catalogue)
      : plan(spec, catalogue), largest_batch(largest), width(volume(plan.summary.output)) {
    if (largest == 0) throw std::logic_error("a network needs room for at least one row");
    std::size_t parameters = 0, statistics = 0, widest = width;
    for (std::size_t i = 0; i < plan.layers.size(); ++i) {
      const layer& l = *plan.layers[i];
      const std::size_t row = volume(l.output());
      stage s;
      s.parameters = parameters;
      s.statistics = statistics;
      if (!l.only_reshapes()) {
        s.pass = l.prepare(largest, i);
        s.output = float_buffer(largest * row);
      }
      const std::size_t count = total(l.parameters());
      if (count && first_trained == nowhere) first_trained = i;
      parameters += count;
      statistics += total(l.statistics());
      widest = std::max(widest, row);
      stages.push_back(std::move(s));
    }
    upper = float_buffer(largest * widest);
    lower = float_buffer(largest * widest);
    if (!plan.output_activation.is_linear()) outputs = float_buffer(largest * width);
  }

  void check(std::size_t parameters, std::size_t statistics, std::size_t rows) const {
    if (parameters != plan.summary.parameters || statistics != plan.summary.statistics ||
        rows > largest_batch) {
      throw std::logic_error("a network was given vectors or rows of another size than its own");
    }
  }

  void check_labels(const batch& rows) const {
    if (rows.label_width == width) return;
    if (rows.label_width == 1 && plan.summary.labels == label_use::classes) return;
    throw job_error("model.loss", fmt::format("a label has {} numbers, but the model {} outputs",
                                              rows.label_width, width));
  }

  /// What the last layer makes of the features (logits, where the loss wants those).
  const float* forward(const float* parameters, float* statistics, const float* features,
                       std::size_t rows, bool training, const draw& at) {
    const float* x = features;
    for (stage& s : stages) {
      s.x = s.y = x;
      if (s.pass) {
        s.y = s.output.data();
        s.pass->forward(parameters + s.parameters, statistics + s.statistics, x, s.output.data(),
                        rows, training, at);
      }
      x = s.y;
    }
    return x;
  }

  /// From the gradient of the outputs in `upper` to that of the parameters. Nothing below the
  /// first layer with parameters needs a gradient.
  void backward(const float* parameters, float* gradient, std::size_t rows, const draw& at) {
    float* dy = upper.data();
    float* dx = lower.data();
    for (std::size_t i = stages.size(); i-- > first_trained;) {
      stage& s = stages[i];
      if (!s.pass) continue;
      s.pass->backward(parameters + s.parameters, s.x, s.y, dy, gradient + s.parameters,
                       i == first_trained ? nullptr : dx, rows, at);
      std::swap(dy, dx);
    }
  }

  std::uint64_t correct(const float* last, const batch& rows) const {
    const bool logits = !plan.output_activation.is_linear();
    switch (plan.summary.labels) {
      case label_use::classes:
        return correct_classes(last, rows, width);
      case label_use::binary:
        return width == 1 ? correct_sides(last, rows, logits ? 0.0f : 0.5f, 0.5f) : 0;
      case label_use::signs:
        return width == 1 ? correct_sides(last, rows, 0.0f, 0.0f) : 0;
      case label_use::values:
        break;
    }
    return 0;
  }

  span<const float> final_outputs(const float* last, std::size_t rows) {
    if (!plan.output_activation.is_linear()) {
      const std::size_t axis = plan.summary.output.back();
      plan.output_activation.forward(last, outputs.data(), rows * width / axis, axis);
      last = outputs.data();
    }
    return {last, rows * width};
  }

  network_plan plan;
  std::size_t largest_batch, width;
  std::vector<stage> stages;
  std::size_t first_trained = nowhere;
  float_buffer upper, lower;  // gradients of a layer's output and input, taking turns
  float_buffer outputs;       // after the output activation
};

network::network(const model_spec& spec, std::size_t largest_batch,
                 const model_catalogue& catalogue)
    : implementation_(std::make_unique<implementation>(spec, largest_batch, catalogue)) {}
network::~network() = default;
network::network(network&&) noexcept = default;
network& network::operator=(network&&) noexcept = default;

const model_summary& network::summary() const noexcept {
  return implementation_->plan.summary;
}
std::size_t network::largest_batch() const noexcept {
  return implementation_->largest_batch;
}

void network::initialise(span<float> parameters, span<float> statistics, std::uint64_t seed) const {
  implementation_->check(parameters.size(), statistics.size(), 0);
  float* parameter = parameters.data();
  float* statistic = statistics.data();
  for (std::size_t i = 0; i < implementation_->plan.layers.size(); ++i) {
    std::size_t block_index = 0;
    const auto fill = [&](const std::vector<parameter_block>& blocks, float*& to) {
      for (const parameter_block& block : blocks) {
        troupe::initialise(block, {seed, random_purpose::initialise, i, block_index++}, to);
        to += block.count;
      }
    };
    fill(implementation_->plan.layers[i]->parameters(), parameter);
    fill(implementation_->plan.layers[i]->statistics(), statistic);
  }
}

step_result network::gradient(span<const float> parameters, span<float> statistics,
                              const batch& rows, const draw& at, span<float> gradient) {
  const subnormals_as_zero guard;
  implementation& self = *implementation_;
  self.check(parameters.size(), statistics.size(), rows.rows);
  self.check(gradient.size(), statistics.size(), rows.rows);
  step_result result;
  if (rows.rows == 0) {
    std::fill(gradient.data(), gradient.data() + gradient.size(), 0.0f);
    return result;
  }
  self.check_labels(rows);
  const float* last =
      self.forward(parameters.data(), statistics.data(), rows.features, rows.rows, true, at);
  result.loss_sum = self.plan.loss->evaluate(last, rows.rows, self.width, rows.labels,
                                             rows.label_width, self.upper.data());
  result.correct = self.correct(last, rows);
  self.backward(parameters.data(), gradient.data(), rows.rows, at);
  return result;
}

span<const float> network::predict(span<const float> parameters, span<const float> statistics,
                                   const float* features, std::size_t rows) {
  const subnormals_as_zero guard;
  implementation& self = *implementation_;
  self.check(parameters.size(), statistics.size(), rows);
  // A layer only reads its statistics outside training.
  const float* last = self.forward(parameters.data(), const_cast<float*>(statistics.data()),
                                   features, rows, false, {});
  return self.final_outputs(last, rows);
}

std::pair<double, span<const float>> network::score(span<const float> parameters,
                                                    span<const float> statistics,
                                                    const batch& rows) {
  const subnormals_as_zero guard;
  implementation& self = *implementation_;
  self.check(parameters.size(), statistics.size(), rows.rows);
  self.check_labels(rows);
  const float* last = self.forward(parameters.data(), const_cast<float*>(statistics.data()),
                                   rows.features, rows.rows, false, {});
  const double loss =
      self.plan.loss->evaluate(last, rows.rows, self.width, rows.labels, rows.label_width, nullptr);
  return {loss, self.final_outputs(last, rows.rows)};
}

}  // namespace troupe
