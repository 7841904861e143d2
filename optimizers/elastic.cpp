#include "troupe/optimizers/elastic.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "troupe/optimizers/element_wise.hpp"

namespace troupe {

void elastic_worker::write(const slice_range&, const window_facts&, span<const float> x,
                           span<float> payload) {
  copy(x, payload.data());
}

void elastic_worker::on_center(const slice_range& s, span<const float> sent,
                               span<const float> center, span<float> x) {
  const float* from = sent.data();
  const float* c = center.data();
  float* to = x.data();
  for (std::size_t i = 0; i < s.count; ++i) to[i] -= alpha_ * (from[i] - c[i]);
}

bool elastic_server::apply(const commit_view& commit, span<const float> center, span<float> next) {
  const float alpha = alpha_;
  return combine(center, commit.payload, next,
                 [alpha](float c, float x) { return c + alpha * (x - c); });
}

bool elastic_server::apply_round(span<const commit_view> commits, span<const float> center,
                                 span<float> next, std::size_t& culprit) {
  const float alpha = alpha_;
  before_.assign(center.data(), center.data() + center.size());
  keep(center, next);
  for (std::size_t i = 0; i < commits.size(); ++i) {
    if (!combine(next, before_, commits[i].payload, next,
                 [alpha](float n, float c, float x) { return n + alpha * (x - c); })) {
      culprit = i;
      return false;
    }
  }
  return true;
}

setting elastic_alpha_option(const std::string& fallback) {
  return declare::number("alpha", "share of the distance both sides move; default " + fallback)
      .at_least(0)
      .at_most(1);
}

std::string elastic_refusal(double alpha) {
  if (alpha <= 1) return {};
  return fmt::format("alpha = {:.6g} is above 1: the exchange would overshoot", alpha);
}

double elastic_alpha(const protocol_setup& setup) {
  if (setup.options.has("alpha")) return setup.options.number("alpha");
  if (setup.options.has("rho")) {
    return setup.options.number("rho") * setup.options.number("learning_rate");
  }
  return std::min(0.5, 0.9 / setup.workers);
}

namespace {

std::vector<std::string> divergence(std::uint32_t workers, double alpha) {
  const double swing = (workers + 1.0) * alpha;
  if (swing < 2) return {};
  return {fmt::format(
      "alpha = {:.6g} {} where all workers (here {}) exchange with the same centre: (workers + 1) "
      "x "
      "alpha must be below 2, which the common choice 0.5 = rho x learning_rate is not from 3 "
      "workers on; 0.9 / workers is stable",
      alpha, swing > 2 ? "diverges" : "swings without end", workers)};
}

}  // namespace

protocol_entry elastic_entry(double (*alpha_of)(const protocol_setup&)) {
  protocol_entry entry;
  entry.source = "Zhang, Choromanska, LeCun, Deep learning with elastic averaging SGD, NIPS 2015";
  entry.answers_before = true;
  entry.payload = payload_kind::parameters;
  entry.warnings = [alpha_of](const protocol_setup& setup) {
    const double alpha = alpha_of(setup);
    if (alpha == 0) {
      return std::vector<std::string>{
          "alpha = 0: the centre never moves, and the model that is saved is the untrained one"};
    }
    return setup.synchronous ? divergence(setup.workers, alpha) : std::vector<std::string>();
  };
  entry.make_worker = [alpha_of](const protocol_setup& setup) {
    return std::make_unique<elastic_worker>(setup.window, alpha_of(setup));
  };
  entry.make_server = [alpha_of](const protocol_setup& setup, const slice_range&) {
    return std::make_unique<elastic_server>(alpha_of(setup));
  };
  return entry;
}

}  // namespace troupe
