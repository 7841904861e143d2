#pragma once

#include "troupe/config/job.hpp"
#include "troupe/data/prepare.hpp"
#include "troupe/models/network.hpp"

namespace troupe {

/// What the model's loss wants of the labels, as data/ understands it.
label_request label_request_of(const job& j, const model_summary& model);

/// Checks prepared data against the model: rows of the size the model takes, and enough of them.
/// Shapes may differ where the numbers of a row are the same ones in the same order (28 x 28 for
/// 28 x 28 x 1).
/// \throws error (job) at the place of `model.input`, or error (data).
void check_data(const job& j, const prepared_data& data);

/// The protocol's view of the job; `parameters` is the length of the parameter vector.
protocol_setup setup_of(const job& j, const catalogue& known, std::size_t parameters);

}  // namespace troupe
