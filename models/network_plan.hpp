#pragma once

#include <memory>
#include <vector>

#include "troupe/models/layers/activation_function.hpp"
#include "troupe/models/network.hpp"

namespace troupe {

/// A model's layers, made and checked, without buffers: what `describe` looks at and `network`
/// works from.
struct network_plan {
  network_plan(const model_spec& spec, const model_catalogue& catalogue);

  model_summary summary;
  shape input;
  /// As the network runs them: an activation that the loss computes itself is taken off.
  std::vector<std::unique_ptr<layer>> layers;
  std::unique_ptr<troupe::loss> loss;
  /// Applied to the last layer's output to predict, where the loss works on logits.
  activation_function output_activation;

 private:
  void add_layers(const model_spec& spec, const model_catalogue& catalogue);
  void add_loss(const model_spec& spec, const model_catalogue& catalogue);
  void leave_activation_to_loss(const std::string& loss_name);
};

/// Numbers in all blocks.
std::size_t total(const std::vector<parameter_block>& blocks) noexcept;

}  // namespace troupe
