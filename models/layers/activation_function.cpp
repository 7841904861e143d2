#include "troupe/models/layers/activation_function.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <stdexcept>
#include <unsupported/Eigen/SpecialFunctions>

namespace troupe {

namespace {

using array = Eigen::Map<Eigen::ArrayXf>;
using const_array = Eigen::Map<const Eigen::ArrayXf>;
using kind = activation_function::kind;

constexpr float inverse_sqrt_2 = 0.70710678f;
constexpr float inverse_sqrt_2pi = 0.39894228f;

/// Keras' defaults: the slope of leaky_relu below zero, and how far down elu goes.
float default_alpha(kind k) {
  return k == kind::leaky_relu ? 0.3f : k == kind::elu ? 1.0f : 0.0f;
}

// The largest is taken off first, so that no exponential overflows.
void softmax(const float* x, float* y, std::size_t rows, std::size_t width) {
  const auto n = static_cast<Eigen::Index>(width);
  for (std::size_t r = 0; r < rows; ++r, x += width, y += width) {
    const const_array in(x, n);
    array out(y, n);
    const float largest = in.maxCoeff();
    out = (in - largest).exp();
    out *= 1.0f / out.sum();
  }
}

void softmax_backward(const float* y, const float* dy, float* dx, std::size_t rows,
                      std::size_t width) {
  const auto n = static_cast<Eigen::Index>(width);
  for (std::size_t r = 0; r < rows; ++r, y += width, dy += width, dx += width) {
    const const_array out(y, n), gradient(dy, n);
    const float dot = (out * gradient).sum();
    array(dx, n) = out * (gradient - dot);
  }
}

}  // namespace

activation_function::activation_function(const std::string& name) {
  const auto& all = names();
  const auto found = std::find(all.begin(), all.end(), name);
  if (found == all.end()) throw std::logic_error("no activation named " + name);
  kind_ = static_cast<kind>(found - all.begin());
  alpha_ = default_alpha(kind_);
}

activation_function::activation_function(const std::string& name, const settings& options)
    : activation_function(name) {
  if (!options.has("alpha")) return;
  if (default_alpha(kind_) == 0) throw job_error("", "'alpha' means nothing to " + name);
  alpha_ = static_cast<float>(options.number("alpha"));
}

const std::vector<std::string>& activation_function::names() {
  static const std::vector<std::string> all = {"linear",  "relu",   "leaky_relu", "elu",
                                               "sigmoid", "tanh",   "softplus",   "gelu",
                                               "swish",   "softmax"};  // in the order of `kind`
  return all;
}

std::string activation_function::name() const {
  return is_linear() ? std::string() : names()[static_cast<std::size_t>(kind_)];
}

void activation_function::forward(const float* x, float* y, std::size_t rows,
                                  std::size_t width) const {
  const auto n = static_cast<Eigen::Index>(rows * width);
  const const_array in(x, n);
  array out(y, n);
  switch (kind_) {
    case kind::linear:
      if (x != y) out = in;
      break;
    case kind::relu:
      out = (in < 0.0f).select(0.0f, in);
      break;
    case kind::leaky_relu:
      out = (in < 0.0f).select(alpha_ * in, in);
      break;
    case kind::elu:
      out = (in < 0.0f).select(alpha_ * in.min(0.0f).expm1(), in);
      break;
    case kind::sigmoid:
      out = 1.0f / (1.0f + (-in).exp());
      break;
    case kind::tanh:
      out = in.tanh();
      break;
    case kind::softplus:
      out = in.max(0.0f) + (-in.abs()).exp().log1p();
      break;
    case kind::gelu:
      out = 0.5f * in * (1.0f + (in * inverse_sqrt_2).erf());
      break;
    case kind::swish:
      out = in / (1.0f + (-in).exp());
      break;
    case kind::softmax:
      softmax(x, y, rows, width);
      break;
  }
}

void activation_function::backward(const float* x, const float* y, const float* dy, float* dx,
                                   std::size_t rows, std::size_t width) const {
  const auto n = static_cast<Eigen::Index>(rows * width);
  const const_array out(y, n), gradient(dy, n);
  array to(dx, n);
  switch (kind_) {
    case kind::linear:
      if (dx != dy) to = gradient;
      break;
    case kind::relu:
      to = (out > 0.0f).select(gradient, 0.0f);
      break;
    case kind::leaky_relu:
      to = (out > 0.0f).select(gradient, alpha_ * gradient);
      break;
    case kind::elu:
      to = (out > 0.0f).select(gradient, (out + alpha_) * gradient);
      break;
    case kind::sigmoid:
      to = gradient * out * (1.0f - out);
      break;
    case kind::tanh:
      to = gradient * (1.0f - out.square());
      break;
    case kind::softplus:
      to = -gradient * (-out).expm1();
      break;
    case kind::gelu: {
      const const_array in(x, n);
      to = gradient * (0.5f * (1.0f + (in * inverse_sqrt_2).erf()) +
                       in * (-0.5f * in.square()).exp() * inverse_sqrt_2pi);
      break;
    }
    case kind::swish: {
      const const_array in(x, n);
      // With s = sigmoid(x): s (1 + x (1 - s)), and 1 - s = s exp(-x) = sigmoid(-x).
      to = gradient / (1.0f + (-in).exp()) * (1.0f + in / (1.0f + in.exp()));
      break;
    }
    case kind::softmax:
      softmax_backward(y, dy, dx, rows, width);
      break;
  }
}

}  // namespace troupe
