#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "command.hpp"
#include "troupe/actors/run_totals.hpp"
#include "troupe/actors/scorer.hpp"
#include "troupe/troupe.hpp"

namespace troupe::cli {

namespace {

/// The test part of a job as the job itself would make it: its test source through the model's
/// labels, or the rows its split sets aside.
dataset test_part(const job& of, const trained_model& model, const catalogue& known) {
  if (of.data.test) {
    return read_for(*of.data.test, of.data.directory, of.seed, model.labels, known.data);
  }
  const prepared_data data = prepare_job(of, known);
  if (!data.test) throw job_error(of.place("data"), "the job has no test part");
  // A split numbers the labels by its own training part, which need not be the model's.
  if (data.labels.classes != model.labels.classes) {
    throw data_error(data.test->origin,
                     "its labels are not those the model was trained with; name the rows to be "
                     "scored as data.test");
  }
  return *data.test;
}

source_spec input_source(const job& of, const predict_arguments& arguments,
                         const catalogue& known) {
  source_spec source = of.data.test ? *of.data.test : of.data.train;
  if (!arguments.format.empty() && arguments.format != source.format) {
    source = {arguments.format, {}};
  }
  const reader_entry& reader = known.data.readers.at(source.format, "--format", "format");
  settings given;
  for (const auto& [name, value] : source.options.values()) {
    if (name != "path" && name != "features" && name != "labels") given.set(name, value);
    // In LIBSVM's format `features` is a count; elsewhere it is the file.
    if (name == "features" && std::holds_alternative<std::int64_t>(value)) given.set(name, value);
  }
  const bool by_path = std::any_of(reader.options.begin(), reader.options.end(),
                                   [](const setting& s) { return s.name == "path"; });
  const bool by_features = std::any_of(
      reader.options.begin(), reader.options.end(),
      [](const setting& s) { return s.name == "features" && s.type == setting_type::text; });
  if (!by_path && !by_features) {
    throw job_error("--format",
                    fmt::format("'{}' reads no files; give the format of --input", source.format));
  }
  given.set(by_path ? "path" : "features", arguments.input);
  source.options = resolve(
      reader.options, given, [](const std::string&) { return std::string("--input"); },
      source.format);
  return source;
}

/// A square table over the classes: truth by rows, prediction by columns.
void print_table(const std::string& name, const std::vector<double>& cells,
                 const trained_model& model) {
  const auto side = static_cast<std::size_t>(std::lround(std::sqrt(cells.size())));
  fmt::print("test_{}: truth by rows, prediction by columns\n{:>12}", name, "");
  for (std::size_t i = 0; i < side; ++i) fmt::print(" {:>8}", model.labels.name(i));
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i % side == 0) fmt::print("\n{:>12}", model.labels.name(i / side));
    fmt::print(" {:>8.0f}", cells[i]);
  }
  fmt::print("\n");
}

}  // namespace

int evaluate_command(const evaluate_arguments& arguments) {
  const catalogue known = catalogue::builtin();
  const trained_model model = trained_model::load(arguments.model, known);
  job of;
  if (!arguments.job.empty()) {
    of = read_job(arguments.job, arguments.overrides, known);
  } else {
    of = arguments.overrides.empty()
             ? model.trained_by(known)
             : parse_job(model.job_yaml, "the model's job", arguments.overrides, known);
  }
  const dataset rows = test_part(of, model, known);
  if (rows.labels.empty()) throw data_error(rows.origin, "has no labels to score against");
  check_columns(rows, model.columns);
  check_values(rows, model.transforms);
  committee_spec form = model.form;
  const settings& options = of.optimizer.options;
  if (form.members > 1 && options.has("vote")) form.vote = *vote_from(options.text("vote"));
  scorer scoring(model.spec, form, known.models, model.transforms);
  const score s = scoring.run(model.parameters, model.statistics, rows);
  if (arguments.json) {
    nlohmann::ordered_json out;
    out["model"] = arguments.model;
    out["rows"] = rows.rows();
    add_score(out, "test", s);
    fmt::print("{}\n", out.dump());
    return exit_ok;
  }
  fmt::print("{:<24} {}\n{:<24} {:.4f}\n", "rows", rows.rows(), "test_loss", s.loss);
  for (const auto& [name, value] : s.metrics) fmt::print("{:<24} {:.4f}\n", "test_" + name, value);
  for (const auto& [name, cells] : s.tables) print_table(name, cells, model);
  return exit_ok;
}

int predict_command(const predict_arguments& arguments) {
  const catalogue known = catalogue::builtin();
  const trained_model model = trained_model::load(arguments.model, known);
  const job of = model.trained_by(known);
  const source_spec source = input_source(of, arguments, known);
  const dataset rows =
      read_features(source, ".", of.seed, known.data, volume(model.transforms.input()));
  const std::vector<float> predictions = model.predict(rows, known);
  const std::size_t width = model.outputs(known);
  std::string text;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const span<const float> row(predictions.data() + i * width, width);
    text += model.label_of(row);
    if (model.labels.use != label_shape::values) {
      for (const float p : row) fmt::format_to(std::back_inserter(text), " {:.6g}", p);
    }
    text += '\n';
  }
  if (arguments.output.empty()) {
    std::fwrite(text.data(), 1, text.size(), stdout);
  } else {
    write_file_atomically(arguments.output, text);
  }
  return exit_ok;
}

}  // namespace troupe::cli
