#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "troupe/data/prepare.hpp"

namespace troupe {

/// What each column of a CSV file is for, as the options and the header say.
struct csv_columns {
  enum class role : unsigned char { feature, label, dropped };
  struct column {
    role use = role::feature;
    std::size_t index = 0;  ///< among the features, or among the labels
    std::string title;      ///< for messages: "column 3 (age)"
  };
  std::vector<column> all;
  std::size_t features = 0, labels = 0;
};

/// \param names the header's fields, or nothing but as many empty ones.
/// \throws error (data) for a column that `label` or `drop` names and the file has not, for one
///         that is both, for a name that is there twice, or where no feature is left.
csv_columns plan_columns(const std::vector<std::string>& names, bool header,
                         const read_request& request, const std::string& path);

}  // namespace troupe
