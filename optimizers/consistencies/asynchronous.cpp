#include "troupe/optimizers/consistency.hpp"

namespace troupe {

namespace {

class asynchronous : public consistency {
 public:
  steps commit(std::uint32_t worker, std::uint64_t) override {
    return {{step::kind::apply, {}, 0}, {step::kind::release, {worker}, 0}};
  }
  steps join(const membership&) override { return {}; }
};

}  // namespace

consistency_entry asynchronous_consistency() {
  consistency_entry entry;
  entry.name = "asynchronous";
  entry.summary = "Every commit is applied and answered at once.";
  entry.source = "Dean et al., Large scale distributed deep networks, NIPS 2012";
  entry.make = [](const settings&, bool) { return std::make_unique<asynchronous>(); };
  return entry;
}

}  // namespace troupe
