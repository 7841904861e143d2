#pragma once

#include <cstddef>
#include <vector>

namespace troupe {

/// Count, mean and sum of squared deviations of each column, missing values left out, as three
/// runs of `volume` doubles. Two passes over the rows give the deviations, and parts are merged
/// by the update of Chan, Golub & LeVeque ("Updating formulae and a pairwise algorithm for
/// computing sample variances", 1979), so nothing cancels where a mean is large.
std::vector<double> column_sums(const float* rows, std::size_t count, std::size_t volume);
void merge_column_sums(std::vector<double>& total, const std::vector<double>& more);

}  // namespace troupe
