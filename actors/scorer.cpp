#include "troupe/actors/scorer.hpp"

#include <algorithm>
#include <chrono>

namespace troupe {

committee_spec committee_of(const run_plan& plan) {
  committee_spec form;
  form.members = plan.groups;
  const settings& options = plan.of.optimizer.options;
  if (plan.protocol.separate_models && options.has("vote")) {
    form.vote = vote_from(options.text("vote")).value_or(vote_rule::mean);
  }
  return form;
}

namespace {

/// Rows of a mini-batch: as many as keep what the layers make of them within some megabytes, so
/// that scoring beside the training takes little memory, and finds it in a cache.
std::size_t rows_at_once(const model_spec& spec, const model_catalogue& known) {
  constexpr std::size_t most = 256, fewest = 16;
  constexpr std::size_t numbers = std::size_t{1} << 20;
  std::size_t of_row = 1;
  for (const layer_summary& layer : describe(spec, known).layers) of_row += volume(layer.output);
  std::size_t rows = most;
  while (rows > fewest && rows * of_row > numbers) rows /= 2;
  return rows;
}

}  // namespace

scorer::scorer(const model_spec& spec, const committee_spec& form, const model_catalogue& known,
               pipeline transforms)
    : batch_rows_(rows_at_once(spec, known)),
      committee_(spec, form, batch_rows_, known),
      transforms_(std::move(transforms)),
      metrics_(make_metrics(spec, committee_.summary(), known)) {
  features_.resize(batch_rows_ * volume(transforms_.output()));
}

void scorer::load(const dataset& rows, std::size_t first, std::size_t count) {
  transforms_.apply(rows.type, rows.row(first), count, features_.data());
}

score scorer::run(span<const float> parameters, span<const float> statistics, const dataset& rows) {
  if (rows.labels.empty()) throw data_error(rows.origin, "has no labels to score against");
  const auto start = std::chrono::steady_clock::now();
  const std::size_t width = volume(committee_.summary().output);
  for (named_metric& m : metrics_) m.scorer->reset();
  double loss = 0;
  for (std::size_t first = 0; first < rows.rows(); first += batch_rows_) {
    const std::size_t count = std::min(batch_rows_, rows.rows() - first);
    load(rows, first, count);
    const float* labels = rows.labels.data() + first * rows.label_width;
    const auto [sum, outputs] = committee_.score(
        parameters, statistics, {count, features_.data(), labels, rows.label_width});
    loss += sum;
    for (named_metric& m : metrics_) {
      m.scorer->add(outputs.data(), count, width, labels, rows.label_width);
    }
  }
  score out;
  out.has_data = true;
  out.loss = loss / static_cast<double>(rows.rows());
  for (const named_metric& m : metrics_) {
    const auto table = m.scorer->table();
    if (table.empty()) {
      out.metrics.emplace_back(m.name, m.scorer->value());
    } else {
      out.tables.emplace_back(m.name, table);
    }
  }
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return out;
}

std::vector<float> scorer::predict(span<const float> parameters, span<const float> statistics,
                                   const dataset& rows) {
  std::vector<float> out;
  for (std::size_t first = 0; first < rows.rows(); first += batch_rows_) {
    const std::size_t count = std::min(batch_rows_, rows.rows() - first);
    load(rows, first, count);
    const auto outputs = committee_.predict(parameters, statistics, features_.data(), count);
    out.insert(out.end(), outputs.begin(), outputs.end());
  }
  return out;
}

}  // namespace troupe
