#include "troupe/data/readers/csv_columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "troupe/base/error.hpp"

namespace troupe {

namespace {

/// The column a word of the job means: a name of the header, a number from 1, or "last".
std::optional<std::size_t> find_column(const std::string& word,
                                       const std::vector<std::string>& names, bool header) {
  if (header) {
    const auto found = std::find(names.begin(), names.end(), word);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  }
  if (word == "last") return names.size() - 1;
  std::size_t number = 0;
  const char* end = word.data() + word.size();
  const auto [at, failure] = std::from_chars(word.data(), end, number);
  if (failure == std::errc() && at == end && number >= 1 && number <= names.size()) {
    return number - 1;
  }
  return std::nullopt;
}

void refuse_twins(const std::vector<std::string>& names, const std::string& path) {
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (!seen.insert(name).second) {
      throw data_error(path + ":1", "column '" + name + "' is there twice in the header");
    }
  }
}

}  // namespace

csv_columns plan_columns(const std::vector<std::string>& names, bool header,
                         const read_request& request, const std::string& path) {
  if (header) refuse_twins(names, path);
  csv_columns plan;
  plan.all.resize(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    plan.all[i].title = header && !names[i].empty() ? fmt::format("column {} ({})", i + 1, names[i])
                                                    : fmt::format("column {}", i + 1);
  }
  auto mark = [&](const char* option, csv_columns::role use) {
    for (const std::string& word : request.options.word_list(option)) {
      const auto found = find_column(word, names, header);
      if (!found) {
        // Rows to predict may lack what was no feature.
        if (request.labels_optional) continue;
        const std::string known = fmt::format(" (the file has columns 1..{})", names.size());
        throw data_error(
            path, header ? unknown_word(std::string("column in '") + option + "':", word, names)
                         : fmt::format("'{}' names column {}, which is not there{}", option, word,
                                       known));
      }
      csv_columns::column& column = plan.all[*found];
      if (column.use != csv_columns::role::feature) {
        throw data_error(path, fmt::format("'{}' names {} again", option, column.title));
      }
      column.use = use;
      if (use == csv_columns::role::label) column.index = plan.labels++;
    }
  };
  mark("drop", csv_columns::role::dropped);
  const std::size_t kept =
      static_cast<std::size_t>(std::count_if(plan.all.begin(), plan.all.end(), [](const auto& c) {
        return c.use == csv_columns::role::feature;
      }));
  // A label that is found by its place is not there where the model wants as many features as
  // there are columns; one that is found by its name is there or not.
  const words& label = request.options.word_list("label");
  const bool by_place = std::all_of(label.begin(), label.end(), [](const std::string& word) {
    return word == "last" || word.find_first_not_of("0123456789") == std::string::npos;
  });
  const bool unlabelled =
      label == words{"none"} || (request.labels_optional && (!header || by_place) &&
                                 request.values != 0 && kept == request.values);
  if (!unlabelled) {
    mark("label", request.labels_ignored ? csv_columns::role::dropped : csv_columns::role::label);
  }
  for (csv_columns::column& column : plan.all) {
    if (column.use == csv_columns::role::feature) column.index = plan.features++;
  }
  if (plan.features == 0) throw data_error(path, "no column is left for the features");
  return plan;
}

}  // namespace troupe
