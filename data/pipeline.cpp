#include "troupe/data/pipeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "troupe/base/error.hpp"
#include "troupe/data/pipeline_step.hpp"
#include "troupe/data/transform_plan.hpp"

namespace troupe {

namespace {

/// A row of more values than this is a mistake, or a damaged file.
constexpr std::uint64_t most_values = std::uint64_t{1} << 31;
/// Values in flight while fitting: few enough for the cache, and a function of the shape alone,
/// so that the sums do not depend on who takes them.
constexpr std::size_t fit_values = 1 << 16;

/// Runs `work`; an error without a place gets this one.
template <class Work>
auto placed(const std::string& place, Work&& work) {
  try {
    return work();
  } catch (const error& e) {
    if (!e.place().empty()) throw;
    throw error(e.kind(), place, e.message());
  }
}

}  // namespace

std::vector<double> transform::partial(const float*, std::size_t) const {
  return {};
}

void transform::merge(std::vector<double>& total, const std::vector<double>& more) const {
  for (std::size_t i = 0; i < std::min(total.size(), more.size()); ++i) total[i] += more[i];
}

void transform::finish(const std::vector<double>&) {}

void transform::set_state(const std::vector<double>& state) {
  if (!state.empty()) throw data_error("", "fitted numbers for a transform that has none");
}

pipeline::pipeline(const std::vector<transform_spec>& transforms,
                   const std::vector<std::size_t>& input, const registry<transform_entry>& known)
    : input_(input), output_(input) {
  const auto volume = volume_of(input, most_values);
  if (!volume || *volume == 0) {
    throw job_error("data.transforms", "rows cannot have the shape " + shape_text(input));
  }
  volume_ = static_cast<std::size_t>(*volume);
  for (std::size_t i = 0; i < transforms.size(); ++i) {
    const transform_spec& spec = transforms[i];
    const std::string place = fmt::format("data.transforms.{}", i);
    const transform_entry& entry = known.at(spec.name, place, "transform");
    if (entry.on_labels) continue;
    auto made = std::make_shared<step>();
    made->name = spec.name;
    made->place = place;
    made->options = resolve(
        entry.options, spec.options,
        [&](const std::string& option) {
          return place + "." + spec.name + (option.empty() ? "" : "." + option);
        },
        "transform '" + spec.name + "'");
    placed(place + "." + spec.name, [&] {
      made->work = entry.make(made->options);
      output_ = made->work->output(output_);
    });
    made->fitted = !made->work->needs_fit();
    steps_.push_back(std::move(made));
  }
  compile();
}

void pipeline::compile() {
  fitted_ = true;
  auto plan = std::make_shared<transform_plan>();
  for (const auto& s : steps_) {
    fitted_ = fitted_ && s->fitted;
    if (s->fitted) plan->add_any(*s->work);
  }
  plan_ = std::move(plan);
}

std::vector<std::size_t> pipeline::to_fit() const {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    if (steps_[i]->work->needs_fit()) indices.push_back(i);
  }
  return indices;
}

fit_block pipeline::partial(std::size_t index, std::uint64_t block, element_type type,
                            const std::byte* raw, std::size_t rows) const {
  transform_plan before;
  for (std::size_t i = 0; i < index; ++i) {
    if (!steps_[i]->fitted) throw std::logic_error("an earlier transform is not fitted");
    before.add_any(*steps_[i]->work);
  }
  const transform& work = *steps_.at(index)->work;
  const std::size_t volume = volume_;
  const std::size_t most = std::max<std::size_t>(1, fit_values / std::max<std::size_t>(volume, 1));
  std::vector<float> values(std::min(most, rows) * volume);
  fit_block found;
  found.block = block;
  for (std::size_t first = 0; first < rows; first += most) {
    const std::size_t count = std::min(most, rows - first);
    before.run(type, raw + first * volume * size_of(type), count, volume, values.data());
    std::vector<double> piece = work.partial(values.data(), count);
    if (first == 0) {
      found.numbers = std::move(piece);
    } else {
      work.merge(found.numbers, piece);
    }
  }
  return found;
}

void pipeline::finish(std::size_t index, std::vector<fit_block> blocks) {
  step& s = *steps_.at(index);
  std::sort(blocks.begin(), blocks.end(),
            [](const fit_block& a, const fit_block& b) { return a.block < b.block; });
  if (blocks.empty()) throw data_error(s.place, "there are no rows to fit " + s.name + " on");
  std::vector<double> total = std::move(blocks.front().numbers);
  for (std::size_t i = 1; i < blocks.size(); ++i) {
    if (blocks[i].numbers.size() != total.size()) {
      throw run_error(s.place, "parts of the fit differ in size");
    }
    s.work->merge(total, blocks[i].numbers);
  }
  placed(s.place + "." + s.name, [&] { s.work->finish(total); });
  s.fitted = true;
  compile();
}

void pipeline::fit(const dataset& train) {
  for (const std::size_t index : to_fit()) {
    std::vector<fit_block> blocks;
    for (std::size_t first = 0; first < train.rows(); first += fit_block_rows) {
      const std::size_t rows = std::min(fit_block_rows, train.rows() - first);
      blocks.push_back(partial(index, first / fit_block_rows, train.type, train.row(first), rows));
    }
    finish(index, std::move(blocks));
  }
}

bool pipeline::always_finite(element_type type) const noexcept {
  return type == element_type::u8 && fitted_ && plan_ && plan_->only_maps();
}

void pipeline::apply(element_type type, const std::byte* raw, std::size_t rows, float* out) const {
  if (!fitted_) throw std::logic_error("the transforms are not fitted");
  if (!plan_) throw std::logic_error("an empty pipeline has no rows");
  plan_->run(type, raw, rows, volume_, out);
}

}  // namespace troupe
