#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "troupe/base/settings.hpp"

namespace troupe {

/// A function at the end of a layer, or a layer of its own. Element-wise but for softmax, which
/// works on rows of `width` numbers. A value without state.
class activation_function {
 public:
  enum class kind { linear, relu, leaky_relu, elu, sigmoid, tanh, softplus, gelu, swish, softmax };

  activation_function() = default;
  /// `name` is one of `names()`.
  explicit activation_function(const std::string& name);
  /// \throws error (job) where `alpha` is given for a function that has none.
  activation_function(const std::string& name, const settings& options);

  static const std::vector<std::string>& names();

  kind which() const noexcept { return kind_; }
  bool is_linear() const noexcept { return kind_ == kind::linear; }
  /// "" for linear.
  std::string name() const;
  /// Whether the derivative needs what the function was given; else its result is enough.
  bool needs_input() const noexcept { return kind_ == kind::gelu || kind_ == kind::swish; }

  /// y = f(x) for rows x width numbers; x may be y.
  void forward(const float* x, float* y, std::size_t rows, std::size_t width) const;
  /// dx from dy; dx may be dy. x is only read where `needs_input`.
  void backward(const float* x, const float* y, const float* dy, float* dx, std::size_t rows,
                std::size_t width) const;

 private:
  kind kind_ = kind::linear;
  float alpha_ = 0;
};

}  // namespace troupe
