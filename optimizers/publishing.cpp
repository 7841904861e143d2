#include "troupe/optimizers/publishing.hpp"

#include "troupe/optimizers/element_wise.hpp"

namespace troupe {

void publishing_worker::write(const slice_range&, const window_facts&, span<const float> x,
                              span<float> payload) {
  copy(x, payload.data());
}

bool publishing_server::apply(const commit_view& commit, span<const float> center,
                              span<float> next) {
  return combine(center, commit.payload, next, [](float, float x) { return x; });
}

protocol_entry publishing_entry(const std::string& name) {
  protocol_entry entry;
  entry.name = name;
  // How often the copy is refreshed; training itself does not depend on it.
  entry.default_window = 100;
  entry.has_window = false;
  entry.counts_commits = false;
  entry.payload = payload_kind::copy;
  entry.consistencies = {"asynchronous"};
  entry.recommended = {{"optimizer.gradient_rule", "{name: adam, learning_rate: 0.001}"}};
  entry.make_worker = [](const protocol_setup& setup) {
    return std::make_unique<publishing_worker>(setup.window);
  };
  entry.make_server = [](const protocol_setup&, const slice_range&) {
    return std::make_unique<publishing_server>();
  };
  return entry;
}

}  // namespace troupe
