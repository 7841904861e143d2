#pragma once

#include <string>
#include <vector>

#include "run_view.hpp"
#include "table.hpp"

namespace troupe::cli {

/// The columns of the tables of a run, as many as fit.
std::vector<column<worker_row>> worker_columns(const run_view& of, int width, bool unicode);
std::vector<column<server_row>> server_columns(const run_view& of, int width);

/// The heads that workers can be sorted by, of those that are shown, in order.
std::vector<std::string> sortable(const std::vector<column<worker_row>>& columns);
/// By that column; by number where there is none of that name, and among equals.
std::vector<worker_row> sorted(const run_view& of, const std::vector<column<worker_row>>& columns,
                               const std::string& head, bool reversed);

}  // namespace troupe::cli
