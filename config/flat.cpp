#include "troupe/config/flat.hpp"

#include <algorithm>

#include "troupe/config/job_tree.hpp"

namespace troupe {

namespace {

using pairs = std::vector<std::pair<std::string, std::string>>;

bool is_plain(const yaml::node& n) {
  return n.is(yaml::node::kind::scalar) || n.is(yaml::node::kind::null);
}

void flatten(const yaml::node& n, const std::string& path, pairs& out) {
  const std::string before = path.empty() ? "" : path + ".";
  if (n.is(yaml::node::kind::map)) {
    for (const yaml::node::entry& e : n.entries) flatten(e.value, before + e.name, out);
    return;
  }
  if (!n.is(yaml::node::kind::list)) {
    out.emplace_back(path, n.text);
    return;
  }
  if (!std::all_of(n.items.begin(), n.items.end(), is_plain)) {
    for (std::size_t i = 0; i < n.items.size(); ++i) {
      flatten(n.items[i], before + std::to_string(i), out);
    }
    return;
  }
  std::string text;
  for (const yaml::node& item : n.items) text += (text.empty() ? "" : ", ") + item.text;
  out.emplace_back(path, "[" + text + "]");
}

}  // namespace

pairs flat_settings(const std::string& text, const std::string& name) {
  pairs out;
  flatten(job_tree(text, name), "", out);
  return out;
}

}  // namespace troupe
