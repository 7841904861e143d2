#include <utility>

#include "troupe/config/job.hpp"
#include "troupe/config/sections/key.hpp"
#include "troupe/config/yaml/writer.hpp"

namespace troupe {

namespace {

void write(const job& j, const section& s, yaml::writer& out) {
  if (s.present && !s.present(j)) return;
  if (!s.path.empty()) out.begin(s.name());
  for (const key<job>& k : s.keys) {
    if (!k.plain()) {
      k.write(j, out);
    } else if (const auto value = k.get(j)) {
      out.put(k.declaration.name, *value);
    }
  }
  if (s.path == "optimizer") {
    for (const auto& [name, value] : j.optimizer.options.values()) out.put(name, value);
  }
  for (const section& inner : job_sections()) {
    if (!inner.path.empty() && inner.parent() == s.path) write(j, inner, out);
  }
  if (!s.path.empty()) out.end();
}

}  // namespace

std::string to_yaml(const job& j) {
  yaml::writer out;
  write(j, job_sections().front(), out);
  return out.text();
}

}  // namespace troupe
