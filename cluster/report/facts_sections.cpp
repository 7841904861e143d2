#include <fmt/format.h>

#include "troupe/cluster/report/markup.hpp"
#include "troupe/cluster/report/sections.hpp"

namespace troupe::page {

namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t longest_job = 400000, longest_value = 2000, most_facts = 300;

std::string value_of(const json& value) {
  std::string text = value.is_string() ? value.get<std::string>()
                     : value.is_null() ? "-"
                                       : value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() > longest_value) text = text.substr(0, longest_value) + " ...";
  return text;
}

}  // namespace

part job_section(const run_record& run) {
  if (run.job_text.empty()) return {};
  std::string text = run.job_text.substr(0, longest_job);
  if (text.size() < run.job_text.size()) text += "\n# ... job.yaml has the rest\n";
  return {"job", "Job",
          "<details open=\"open\"><summary>job.yaml: the job as it ran, every default "
          "written out</summary>\n<pre tabindex=\"0\">" +
              escaped(text) + "</pre></details>\n"};
}

part summary_section(const run_record& run) {
  if (!run.summary.is_object()) return {};
  std::vector<std::vector<cell>> lines;
  for (const auto& [key, value] : run.summary.items()) {
    if (key == "per_worker") continue;  // the workers' table has it
    if (lines.size() == most_facts) break;
    lines.push_back({{key, false, -1, -1}, {value_of(value), false, -1, -1}});
  }
  return {"summary", "Summary",
          "<details open=\"open\"><summary>summary.json: the numbers of the whole run"
          "</summary>\n" +
              table("The numbers of the whole run", {"key", "value"}, lines) + "</details>\n"};
}

}  // namespace troupe::page
