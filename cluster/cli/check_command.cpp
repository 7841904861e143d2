#include <fmt/format.h>

#include "command.hpp"
#include "text.hpp"
#include "troupe/actors/run_plan.hpp"
#include "troupe/actors/run_totals.hpp"
#include "troupe/troupe.hpp"

namespace troupe::cli {

namespace {

void print_model(const model_summary& model, const shape& input) {
  fmt::print("model\n  {:<24} {:<18}\n", "input", to_text(input));
  for (const layer_summary& layer : model.layers) {
    fmt::print("  {:<24} {:<18} {:>12}\n", layer.kind, to_text(layer.output), layer.parameters);
  }
  fmt::print("  {:<24} {:<18} {:>12}\n", "parameters", "", model.parameters);
}

void print_part(const char* name, const std::shared_ptr<const dataset>& part) {
  if (part) fmt::print("  {:<24} {} rows of {}\n", name, part->rows(), to_text(part->shape));
}

}  // namespace

int check_command(const check_arguments& arguments) {
  const catalogue known = catalogue::builtin();
  const job of = read_job(arguments.job, arguments.overrides, known);
  const auto warnings = check(of, known);
  const prepared_data data = prepare_job(of, known);
  const auto plan = make_run_plan(of, known, data);
  fmt::print("job {}\n", of.name);
  print_model(plan->model, of.model.input);
  fmt::print("data\n");
  print_part("train", data.train);
  print_part("validation", data.validation);
  print_part("test", data.test);
  fmt::print("optimizer\n  {:<24} {}\n  {:<24} {}\n  {:<24} {} (rate {})\n", "protocol",
             plan->protocol.name, "window",
             of.optimizer.window_is_epoch ? "a whole epoch"
                                          : counted(plan->setup.window, "mini-batch", "es"),
             "gradient rule", of.optimizer.gradient_rule.name,
             of.optimizer.gradient_rule.options.number("learning_rate"));
  fmt::print("run\n  {:<24} {} x {} rows, mini-batches of {}\n", "epochs", of.training.epochs,
             plan->rows_per_epoch, of.training.batch_size);
  fmt::print("  {:<24} {}, {} ({}), {}\n", "actors", counted(of.actors.workers, "worker"),
             counted(of.actors.parameter_servers, "parameter server"),
             counted(plan->slice_count(), "slice"), counted(of.actors.data_shards, "data shard"));
  const std::string why = why_not_reproducible(of);
  fmt::print("  {:<24} {}\n", "reproducible", why.empty() ? "true" : "false: " + why);
  for (const std::string& warning : warnings) fmt::print("warning: {}\n", warning);
  return exit_ok;
}

}  // namespace troupe::cli
