#include <caf/all.hpp>
#include <stdexcept>
#include <thread>

#include "cluster/workspace.hpp"
#include "troupe/troupe.hpp"

using namespace troupe::testing;

namespace {

troupe::job quick(const std::vector<std::string>& changes = {}) {
  return troupe::parse_job(quick_job, "job.yaml", changes, troupe::catalogue::builtin());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(embedding)

BOOST_AUTO_TEST_CASE(a_run_without_a_folder_leaves_nothing_and_gives_all) {
  std::vector<std::string> events;
  std::size_t evaluations = 0;
  troupe::train_options options;
  options.observer.on_event = [&](const troupe::run_event& e) { events.push_back(e.name); };
  options.observer.on_report = [&](const troupe::report& r) { evaluations += r.evaluation; };
  const troupe::train_result result = troupe::train(quick(), options);
  BOOST_TEST_REQUIRE(result.ok(), result.failure);
  BOOST_CHECK_EQUAL(result.stopped_by, "epochs");
  BOOST_CHECK_EQUAL(result.summary["rows_trained"], 800);
  BOOST_CHECK_GE(evaluations, 1u);
  BOOST_REQUIRE(!events.empty());
  BOOST_CHECK_EQUAL(events.back(), "stopped");
  BOOST_REQUIRE(result.model);
  BOOST_CHECK_EQUAL(result.model->parameters.size(), result.summary["parameters"]);
}

BOOST_AUTO_TEST_CASE(a_system_serves_several_runs_one_after_the_other_and_at_once) {
  caf::actor_system_config config;
  troupe::configure(config);
  caf::actor_system system(config);
  const troupe::train_result first = troupe::train(system, quick());
  BOOST_TEST_REQUIRE(first.ok(), first.failure);
  troupe::train_result results[2];
  std::thread other([&] { results[1] = troupe::train(system, quick({"seed=5"})); });
  results[0] = troupe::train(system, quick({"seed=4"}));
  other.join();
  for (const auto& result : results) {
    BOOST_TEST_REQUIRE(result.ok(), result.failure);
    BOOST_CHECK_EQUAL(result.summary["rows_trained"], 800);
  }
}

BOOST_AUTO_TEST_CASE(a_system_that_was_not_configured_is_refused) {
  caf::actor_system_config config;
  caf::actor_system system(config);
  try {
    troupe::train(system, quick());
    BOOST_ERROR("trained in a system that does not know the messages");
  } catch (const troupe::error& e) {
    BOOST_CHECK_MESSAGE(std::string(e.what()).find("configure") != std::string::npos, e.what());
  }
}

BOOST_AUTO_TEST_CASE(a_job_built_in_code_is_checked_as_a_file_is) {
  troupe::job job = quick();
  job.places.clear();
  job.model.layers.back().options.set("units", std::int64_t{0});
  try {
    troupe::train(job);
    BOOST_ERROR("trained a layer without units");
  } catch (const troupe::error& e) {
    BOOST_CHECK(e.kind() == troupe::error_kind::job);
    BOOST_CHECK_MESSAGE(e.place().find("model.layers.2") != std::string::npos, e.place());
  }
}

BOOST_AUTO_TEST_CASE(a_run_is_stopped_from_its_observer) {
  troupe::run_control control;
  troupe::train_options options;
  options.control = &control;
  options.observer.on_event = [&](const troupe::run_event& e) {
    if (e.name == "started") control.stop();
  };
  const auto result = troupe::train(quick({"training.epochs=1000000"}), options);
  BOOST_TEST_REQUIRE(result.ok(), result.failure);
  BOOST_CHECK_EQUAL(result.stopped_by, "command");
  BOOST_CHECK(result.model);
}

BOOST_AUTO_TEST_CASE(a_stop_before_the_run_is_not_lost) {
  troupe::run_control control;
  control.stop("no need");
  troupe::train_options options;
  options.control = &control;
  const auto result = troupe::train(quick({"training.epochs=1000000"}), options);
  BOOST_TEST_REQUIRE(result.ok(), result.failure);
  BOOST_CHECK_EQUAL(result.stopped_by, "no need");
  BOOST_CHECK_EQUAL(result.summary["rows_trained"], 0);
}

BOOST_AUTO_TEST_CASE(an_observer_that_throws_fails_the_run_and_is_named) {
  troupe::train_options options;
  options.observer.on_report = [](const troupe::report&) { throw std::runtime_error("no paper"); };
  const auto result = troupe::train(quick(), options);
  BOOST_CHECK(!result.ok());
  BOOST_CHECK_EQUAL(result.stopped_by, "failed");
  BOOST_CHECK_MESSAGE(result.failure.find("no paper") != std::string::npos, result.failure);
}

BOOST_AUTO_TEST_CASE(a_model_survives_its_file) {
  const workspace here;
  const auto known = troupe::catalogue::builtin();
  const auto result = troupe::train(quick());
  BOOST_REQUIRE(result.model);
  result.model->save(here / "model.troupe");
  const auto model = troupe::trained_model::load(here / "model.troupe", known);
  BOOST_CHECK(model.parameters == result.model->parameters);
  BOOST_CHECK(model.labels.classes == result.model->labels.classes);
  const troupe::source_spec source = {"synthetic",
                                      {{"kind", "digits"}, {"rows", std::int64_t{20}}}};
  const troupe::dataset rows = troupe::read_for(source, ".", 9, model.labels, known.data);
  const auto answers = model.predict(rows, known);
  BOOST_CHECK_EQUAL(answers.size(), 20 * model.outputs(known));
  BOOST_CHECK(answers == result.model->predict(rows, known));
}

BOOST_AUTO_TEST_SUITE_END()
