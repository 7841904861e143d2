#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "troupe/base/settings.hpp"

namespace troupe {

/// What a loss wants of labels; `config/` and `data/` shape them accordingly.
enum class label_use {
  classes,  ///< whole numbers 0 .. units-1, one a row (or one-hot rows of width units)
  binary,   ///< 0 or 1 for each output
  signs,    ///< -1 or +1 for each output
  values,   ///< any numbers, as wide as the output
};

/// A loss over rows of outputs. Stateless but for options; one thread.
class loss {
 public:
  virtual ~loss() = default;

  /// The activation that belongs before this loss and is fused into it: "softmax" for categorical
  /// cross-entropy, "sigmoid" for binary; "" for none. `outputs` below are then what comes
  /// *before* that activation (logits).
  virtual std::string fused_activation() const { return {}; }

  /// Sum over rows of the loss (mean over a row's outputs where the loss is element-wise, as in
  /// Keras). With `gradient` non-null: sets d(mean loss over rows)/d(outputs), rows x width.
  /// labels: rows x label_width; label_width is width, or 1 (class indices) for label_use::classes.
  virtual double evaluate(const float* outputs, std::size_t rows, std::size_t width,
                          const float* labels, std::size_t label_width, float* gradient) const = 0;
};

struct loss_entry {
  std::string name;
  std::string summary;
  label_use labels = label_use::values;
  std::function<std::unique_ptr<loss>()> make;
};

}  // namespace troupe
