#pragma once

#include <string>
#include <vector>

#include "troupe/base/error.hpp"
#include "troupe/base/settings.hpp"
#include "troupe/models/kernels.hpp"
#include "troupe/models/layer.hpp"
#include "troupe/models/layers/activation_function.hpp"

/// Options that several layers share, and how they are read.
namespace troupe::layers {

/// A reason why a layer cannot be made; the network adds the place.
inline error unfit(const std::string& reason) {
  return job_error("", reason);
}

/// activation, use_bias, initialiser: of dense and conv2d.
void add_weight_options(std::vector<setting>& to);

struct weight_options {
  explicit weight_options(const settings& options);
  activation_function activation;
  bool use_bias = true;
  parameter_block::start initialiser = parameter_block::start::glorot_uniform;
};

/// Extents along height and width; one number stands for both.
struct extent2d {
  std::size_t height = 1, width = 1;
};
/// \throws error (job) unless there are one or two numbers.
extent2d read_extent(const settings& options, const std::string& name);

setting extent_option(std::string name, std::string meaning);
setting padding_option();

/// The window's walk over an input of height x width x channels, with TensorFlow's "valid" and
/// "same": the latter makes ceil(input / stride) outputs and puts an odd pad at the end.
/// \throws error (job) for another shape of input or a window larger than its input.
window_geometry make_window(const shape& input, extent2d window, extent2d stride, bool same,
                            const std::string& what);

}  // namespace troupe::layers
