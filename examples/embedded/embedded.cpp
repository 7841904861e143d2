// Trains a network inside another program: the job is built in code, runs in the program's own
// actor system, and the model that comes back labels new pictures.

#include <caf/all.hpp>
#include <cstdio>
#include <exception>

#include "troupe/troupe.hpp"

namespace {

/// Digits drawn by Troupe itself, so that the example needs no file.
troupe::job digits_job() {
  troupe::job job;
  job.name = "embedded";
  job.seed = 7;

  job.data.train = {"synthetic", {{"kind", "digits"}, {"rows", std::int64_t{6000}}}};
  job.data.split_test = 0.2;
  job.data.transforms = {
      {"min_max", {{"from", troupe::numbers{0, 255}}, {"to", troupe::numbers{0, 1}}}}};

  job.model.input = {28, 28};
  job.model.layers = {
      {"flatten", {}},
      {"dense", {{"units", std::int64_t{64}}, {"activation", "relu"}}},
      {"dense", {{"units", std::int64_t{10}}, {"activation", "softmax"}}},
  };
  job.model.loss = "categorical_crossentropy";
  job.model.metrics = {{"accuracy", {}}};

  job.optimizer.protocol = "adag";
  job.optimizer.communication_window = 5;
  job.optimizer.gradient_rule = {"adam", {{"learning_rate", 0.005}}};
  job.training.epochs = 5;
  job.training.batch_size = 16;
  job.actors.workers = 2;
  return job;
}

int run() {
  // Troupe's actors live in this program's system, next to its own actors.
  caf::actor_system_config config;
  troupe::configure(config);
  caf::actor_system system(config);

  troupe::train_options options;
  options.observer.on_report = [](const troupe::report& r) {
    if (!r.evaluation) return;
    std::printf("after %llu rows: loss %.4f, accuracy %.4f\n",
                static_cast<unsigned long long>(r.rows), r.loss, r.accuracy);
  };
  const troupe::catalogue known = troupe::catalogue::builtin();
  const troupe::train_result result = troupe::train(system, digits_job(), options, known);
  if (!result.ok()) {
    std::fprintf(stderr, "embedded: %s\n", result.failure.c_str());
    return 1;
  }
  const double accuracy = result.summary["test_accuracy"];
  std::printf("trained on %llu rows, test accuracy %.4f\n",
              result.summary["rows_trained"].get<unsigned long long>(), accuracy);

  // The file holds all that is needed to use the model, here or with `troupe predict`.
  result.model->save("embedded.troupe");
  const auto model = troupe::trained_model::load("embedded.troupe", known);
  const troupe::source_spec pictures = {
      "synthetic", {{"kind", "digits"}, {"rows", std::int64_t{5}}}};
  const troupe::dataset rows =
      troupe::read_for(pictures, ".", /*seed=*/42, model.labels, known.data);
  const std::vector<float> answers = model.predict(rows, known);
  const std::size_t width = model.outputs(known);
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const troupe::span<const float> answer(answers.data() + i * width, width);
    std::printf("picture %zu shows a %s\n", i + 1, model.label_of(answer).c_str());
  }
  return accuracy > 0.9 ? 0 : 1;
}

}  // namespace

int main() {
  try {
    return run();
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "embedded: %s\n", problem.what());
    return 2;
  }
}
