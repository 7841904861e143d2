// Hogwild: Niu, Recht, Re, Wright, "Hogwild!: a lock-free approach to parallelizing stochastic
// gradient descent", NIPS 2011.
//
//   worker, every mini-batch:  x <- copy of the shared parameters;  u = f(g(x));
//                              shared <- shared + u, component by component, without locks
//   server:                    c <- the shared parameters, now and then, for evaluation and the
//                              saved model
//
// The threads of one process share the parameters, so all workers must live in it.

#include <vector>

#include "troupe/optimizers/element_wise.hpp"
#include "troupe/optimizers/publishing.hpp"
#include "troupe/optimizers/shared_parameters.hpp"

namespace troupe {

namespace {

class hogwild_worker : public publishing_worker {
 public:
  hogwild_worker(std::uint32_t window, std::shared_ptr<shared_parameters> shared)
      : publishing_worker(window), shared_(std::move(shared)) {}

  void start(span<const float> x) override {
    if (!shared_) shared_ = std::make_shared<shared_parameters>(x.size());
    shared_->start(x);
    copy_.resize(x.size());
  }

  span<const float> point(span<float> x) override {
    shared_->load(0, copy_);
    std::copy(copy_.begin(), copy_.end(), x.data());
    return x;
  }

  void local_step(gradient_rule* rule, span<float> x, span<float> gradient,
                  double fraction) override {
    rule->step(x, gradient, fraction);
    const float* now = x.data();
    for (std::size_t i = 0; i < copy_.size(); ++i) copy_[i] = now[i] - copy_[i];
    shared_->add(0, copy_);
  }

 private:
  std::shared_ptr<shared_parameters> shared_;
  std::vector<float> copy_;  // what the step started from, then the update
};

/// Publishes what all workers have added by now, not what one of them happened to send.
class hogwild_server : public server_half {
 public:
  hogwild_server(std::shared_ptr<shared_parameters> shared, std::size_t first)
      : shared_(std::move(shared)), first_(first) {}

  bool apply(const commit_view& commit, span<const float>, span<float> next) override {
    if (!all_finite(commit.payload)) return false;
    shared_->load(first_, next);
    return all_finite(next);
  }

 private:
  std::shared_ptr<shared_parameters> shared_;
  std::size_t first_;
};

}  // namespace

protocol_entry hogwild_protocol() {
  protocol_entry entry = publishing_entry("hogwild");
  entry.summary = "The workers of one process train the same parameters at the same time.";
  entry.source =
      "Niu, Recht, Re, Wright, Hogwild!: a lock-free approach to parallelizing stochastic gradient "
      "descent, NIPS 2011";
  entry.shares_parameters = true;
  entry.make_worker = [](const protocol_setup& setup) {
    return std::make_unique<hogwild_worker>(setup.window, setup.shared);
  };
  entry.make_server = [](const protocol_setup& setup,
                         const slice_range& s) -> std::unique_ptr<server_half> {
    // Without them, as where a job is only checked, what a worker publishes has to do.
    if (!setup.shared) return std::make_unique<publishing_server>();
    return std::make_unique<hogwild_server>(setup.shared, s.first);
  };
  return entry;
}

}  // namespace troupe
