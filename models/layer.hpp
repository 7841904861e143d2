#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "troupe/base/settings.hpp"
#include "troupe/base/span.hpp"
#include "troupe/models/model_spec.hpp"

namespace troupe {

/// How one run of consecutive parameters of a layer starts.
struct parameter_block {
  enum class start { glorot_uniform, glorot_normal, he_uniform, he_normal, zeros, ones };
  std::string name;  ///< "kernel", "bias"
  std::size_t count = 0;
  start initialiser = start::zeros;
  std::size_t fan_in = 0, fan_out = 0;  ///< inputs and outputs of one unit, for Glorot and He
  /// Of statistics: the share of the old value that one mini-batch leaves.
  double decay = 0;
};

/// Where a mini-batch stands in the run; random numbers (dropout) are a function of it alone, so a
/// row gets the same ones whichever worker trains it.
struct draw {
  std::uint64_t seed = 0;
  std::uint64_t epoch = 0;
  std::uint64_t first_position = 0;  ///< of the mini-batch's first row in the epoch's permutation
};

/// A layer at work in one network, with the buffers it needs for up to `largest_batch` rows. One
/// thread. Nothing is allocated after construction.
///
/// Activations are row-major floats, channels last; `parameters` and `gradient` are this layer's
/// part of the network's flat vectors. The caller keeps x, y and dy until `backward` is over.
class layer_pass {
 public:
  virtual ~layer_pass() = default;

  /// y = f(x). `training` switches dropout and batch statistics on; `statistics` (this layer's
  /// part, may be empty) is updated then, and only read otherwise.
  virtual void forward(const float* parameters, float* statistics, const float* x, float* y,
                       std::size_t rows, bool training, const draw& at) = 0;

  /// After `forward` of the same rows with training on: `gradient` (this layer's part) is set,
  /// not added to; dx is set unless null (the first layer needs none). dy may be overwritten.
  virtual void backward(const float* parameters, const float* x, const float* y, float* dy,
                        float* gradient, float* dx, std::size_t rows, const draw& at) = 0;
};

/// A layer as a description: shapes and parameters, no buffers.
class layer {
 public:
  virtual ~layer() = default;
  virtual shape output() const = 0;
  virtual std::vector<parameter_block> parameters() const { return {}; }
  /// Numbers that training updates but no gradient reaches (batch normalisation's running mean
  /// and variance), each with its start.
  virtual std::vector<parameter_block> statistics() const { return {}; }
  /// `index` is the layer's place in the network: its own stream of random numbers.
  virtual std::unique_ptr<layer_pass> prepare(std::size_t largest_batch,
                                              std::size_t index) const = 0;
  /// Whether the output is the input under another shape; the network then hands the numbers on
  /// where they are, without a pass.
  virtual bool only_reshapes() const { return false; }
  /// Name of the activation fused into the end of this layer ("" or "linear": none), so that
  /// the network can leave softmax and sigmoid to the loss.
  virtual std::string final_activation() const { return {}; }
  /// This layer without its final activation, or null where it has none to take off.
  virtual std::unique_ptr<layer> without_activation() const { return nullptr; }
};

struct layer_entry {
  std::string name;
  std::string summary;  ///< one sentence
  std::vector<setting> options;
  /// Makes the layer for an input shape, or throws error (job) with an empty place and the reason
  /// (a kernel larger than its input, say).
  std::function<std::unique_ptr<layer>(const settings& options, const shape& input)> make;
};

}  // namespace troupe
