#include "troupe/config/yaml/override.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "troupe/base/error.hpp"
#include "troupe/config/yaml/parser.hpp"

namespace troupe::yaml {

namespace {

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> steps;
  std::size_t first = 0;
  for (std::size_t dot; (dot = path.find('.', first)) != std::string::npos; first = dot + 1) {
    steps.push_back(path.substr(first, dot - first));
  }
  steps.push_back(path.substr(first));
  return steps;
}

std::optional<std::size_t> index_of(const std::string& step) {
  std::size_t index = 0;
  const auto result = std::from_chars(step.data(), step.data() + step.size(), index);
  if (result.ec != std::errc() || result.ptr != step.data() + step.size()) return {};
  return index;
}

/// One option at work: the path so far is only for messages.
class setter {
 public:
  setter(const mark& at, std::vector<std::string> steps) : at_(at), steps_(std::move(steps)) {}

  void put(node& n, std::size_t depth, node&& value) const {
    if (depth == steps_.size()) {
      n = std::move(value);
      return;
    }
    if (n.is(node::kind::list)) return put_in_list(n, depth, std::move(value));
    make_map(n, depth);
    put_in_map(n, depth, std::move(value));
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    throw job_error(at_.text(), one_line(message));
  }

  std::string path_to(std::size_t depth) const {
    std::string path;
    for (std::size_t i = 0; i < depth; ++i) path += (i ? "." : "") + steps_[i];
    return path.empty() ? "the job" : path;
  }

  void make_map(node& n, std::size_t depth) const {
    if (n.is(node::kind::map)) return;
    node map;
    map.type = node::kind::map;
    map.at = at_;
    if (n.is(node::kind::scalar) && n.text == steps_[depth]) {
      map.entries.push_back({n.text, n.at, {}});
    } else if (n.is(node::kind::scalar)) {
      map.entries.push_back({"name", n.at, n});
    }
    n = std::move(map);
  }

  void put_in_map(node& n, std::size_t depth, node&& value) const {
    const std::string& name = steps_[depth];
    const bool last = depth + 1 == steps_.size();
    const auto found = std::find_if(n.entries.begin(), n.entries.end(),
                                    [&](const node::entry& e) { return e.name == name; });
    if (last && value.is(node::kind::null)) {
      if (found == n.entries.end()) fail(fmt::format("{} has no '{}'", path_to(depth), name));
      n.entries.erase(found);
      return;
    }
    if (found != n.entries.end()) {
      if (last) found->at = at_;
      return put(found->value, depth + 1, std::move(value));
    }
    n.entries.push_back({name, at_, {}});
    n.entries.back().value.at = at_;
    put(n.entries.back().value, depth + 1, std::move(value));
  }

  void put_in_list(node& n, std::size_t depth, node&& value) const {
    const auto index = index_of(steps_[depth]);
    if (!index) {
      fail(fmt::format("{} is a list: a number from 0 must follow, not '{}'", path_to(depth),
                       steps_[depth]));
    }
    const bool last = depth + 1 == steps_.size();
    const bool removes = last && value.is(node::kind::null);
    if (*index > n.items.size() || (*index == n.items.size() && removes)) {
      fail(fmt::format("{} has {} items, counted from 0", path_to(depth), n.items.size()));
    }
    if (removes) {
      n.items.erase(n.items.begin() + static_cast<std::ptrdiff_t>(*index));
      return;
    }
    if (*index == n.items.size()) {
      n.items.emplace_back();
      n.items.back().at = at_;
    }
    put(n.items[*index], depth + 1, std::move(value));
  }

  const mark& at_;
  std::vector<std::string> steps_;
};

}  // namespace

void set(node& root, const std::string& assignment) {
  const std::string option = one_line("--set " + assignment);
  const std::size_t equals = assignment.find('=');
  const std::vector<std::string> steps = split(assignment.substr(0, equals));
  if (equals == std::string::npos || std::count(steps.begin(), steps.end(), "") > 0) {
    throw job_error(option, "expected PATH=VALUE, as in training.epochs=5");
  }
  if (steps.size() > most_depth) throw job_error(option, "the path is too long");
  const std::string text = assignment.substr(equals + 1);
  if (text.find_first_not_of(" \t") == std::string::npos) {
    throw job_error(option, "no value; null takes the key away, \"\" is an empty text");
  }
  node value = parse_option(text, option);
  const mark at{std::make_shared<const std::string>(option), 0, 0};
  setter(at, steps).put(root, 0, std::move(value));
}

}  // namespace troupe::yaml
