#include "troupe/models/metric_set.hpp"

#include "troupe/base/error.hpp"

namespace troupe {

std::vector<named_metric> make_metrics(const model_spec& spec, const model_summary& summary,
                                       const model_catalogue& catalogue) {
  std::vector<named_metric> out;
  const metric_subject subject{summary.labels, volume(summary.output)};
  for (const metric_spec& wanted : spec.metrics) {
    const std::string place = "model.metrics." + std::to_string(out.size());
    const metric_entry& entry = catalogue.metrics.at(wanted.name, place, "metric");
    try {
      const settings options = resolve(entry.options, wanted.options, {}, wanted.name);
      out.push_back({entry.name, entry.higher_is_better, entry.make(options, subject)});
    } catch (const error& e) {
      throw error(e.kind(), place, e.message());
    }
  }
  return out;
}

}  // namespace troupe
