#pragma once

#include <cstdint>

#include "troupe/base/random.hpp"
#include "troupe/models/layer.hpp"

namespace troupe {

/// Fills `out` (block.count numbers) with the block's starting values.
///
/// Glorot and Bengio, AISTATS 2010: variance 2 / (fan_in + fan_out). He et al., ICCV 2015:
/// variance 2 / fan_in. Uniform ones lie within sqrt(3 variance); normal ones are cut off at two
/// standard deviations and widened to keep the variance, as in Keras.
void initialise(const parameter_block& block, const random_stream& stream, float* out);

}  // namespace troupe
