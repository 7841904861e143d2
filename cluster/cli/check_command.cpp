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

/// A name with its options: "bounded (staleness 4)".
std::string with_options(const std::string& name, const settings& options) {
  std::string text;
  for (const auto& [option, value] : options.values()) {
    text += (text.empty() ? " (" : ", ") + option + " " + to_text(value);
  }
  return text.empty() ? name : name + text + ")";
}

void print_optimizer(const run_plan& plan) {
  const optimizer_spec& o = plan.of.optimizer;
  const auto line = [](const char* what, const std::string& value) {
    fmt::print("  {:<24} {}\n", what, value);
  };
  fmt::print("optimizer\n");
  line("protocol", with_options(plan.protocol.name, o.options));
  line("window",
       o.window_is_epoch ? "a whole epoch" : counted(plan.setup.window, "mini-batch", "es"));
  if (!o.gradient_rule.name.empty()) {
    line("gradient rule", fmt::format("{} (rate {})", o.gradient_rule.name,
                                      o.gradient_rule.options.number("learning_rate")));
  }
  if (o.server_rule) {
    line("server rule", fmt::format("{} (rate {})", o.server_rule->name,
                                    o.server_rule->options.number("learning_rate")));
  }
  line("consistency", with_options(o.consistency.name, o.consistency.options));
  line("compression", with_options(o.compression.name, o.compression.options));
}

}  // namespace

int check_command(const check_arguments& arguments) {
  const catalogue known = catalogue::builtin();
  const job of = read_job(arguments.job, arguments.overrides, known);
  const auto warnings = check(of, known);
  const prepared_data data = prepare_job(of, known);
  const auto plan = make_run_plan(of, known, facts_of(data));
  fmt::print("job {}\n", of.name);
  print_model(plan->model, of.model.input);
  fmt::print("data\n");
  print_part("train", data.train);
  print_part("validation", data.validation);
  print_part("test", data.test);
  print_optimizer(*plan);
  fmt::print("run\n  {:<24} {} x {} rows, mini-batches of {}\n", "epochs", of.training.epochs,
             plan->rows_per_epoch, of.training.batch_size);
  fmt::print("  {:<24} {}, {} ({}), {}\n", "actors", counted(of.actors.workers, "worker"),
             counted(of.actors.parameter_servers, "parameter server"),
             counted(plan->slice_count(), "slice"), counted(of.actors.data_shards, "data shard"));
  const std::string why = why_not_reproducible(of, plan->protocol);
  fmt::print("  {:<24} {}\n", "reproducible", why.empty() ? "true" : "false: " + why);
  for (const std::string& warning : warnings) fmt::print("warning: {}\n", warning);
  return exit_ok;
}

}  // namespace troupe::cli
