// What takes more than one value: combinations, warnings, jobs built in code, places.

#include "troupe/config/check.hpp"

#include <boost/test/unit_test.hpp>

#include "config/job_text.hpp"
#include "troupe/config/places.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

bool warns(const std::vector<std::string>& overrides, const std::string& fragment) {
  for (const std::string& warning : check(parse(sound_job, overrides), known())) {
    if (warning.find(fragment) != std::string::npos) return true;
  }
  return false;
}

job built_in_code() {
  job j;
  j.data.train = {"synthetic", {}};
  j.data.split_test = 0.1;
  j.model.input = {28, 28};
  j.model.layers = {{"flatten", {}}, {"dense", {{"units", std::int64_t{10}}}}};
  j.optimizer.protocol = "agn";
  return j;
}

std::string completion(job j) {
  try {
    complete(j, known());
    check(j, known());
    return {};
  } catch (const error& e) {
    return e.what();
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checking)

BOOST_AUTO_TEST_CASE(warnings) {
  BOOST_TEST(check(parse(sound_job), known()).empty());
  BOOST_TEST(warns({"training.evaluate_every=5"}, "evaluated at the end only"));
  BOOST_TEST(warns({"data.split=null"}, "will not be evaluated"));
  BOOST_TEST(warns({"data.rows=10"}, "batch_size 16 is more than the 8 rows"));
  BOOST_TEST(warns({"data.rows=30"}, "too few for 2 workers"));
  BOOST_TEST(warns({"actors.parameter_servers=4000"}, "the others idle"));
  BOOST_TEST(warns(
      {"optimizer.protocol=sequential", "actors.workers=1", "optimizer.communication_window=3"},
      "communication_window changes nothing"));
}

BOOST_AUTO_TEST_CASE(combinations_with_options) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> table = {
      {{"optimizer.protocol=sequential"}, "job.yaml:19:19: protocol 'sequential' has at most"},
      {{"optimizer.protocol=sequential", "actors.workers=3"}, "--set actors.workers=3: protocol"},
      {{"optimizer.protocol=hogwild", "supervisor.divergence.go_back=1"},
       "--set supervisor.divergence.go_back=1: the workers of protocol 'hogwild' share"},
      {{"supervisor.divergence.rate=0"}, "--set supervisor.divergence.rate=0: "},
      {{"data.split=null", "training.stop.target_accuracy=0.9"},
       "--set training.stop.target_accuracy=0.9: 'target_accuracy' needs rows to evaluate"},
      {{"data.split=null", "training.keep=best"}, "--set training.keep=best: 'keep' needs rows"},
      {{"model.loss=mean_squared_error", "model.metrics=[]", "model.layers.2.dense.activation=relu",
        "training.stop.target_accuracy=0.9"},
       "there is no accuracy with loss 'mean_squared_error'"},
      {{"model.metrics.1=accuracy"}, "--set model.metrics.1=accuracy: metric 'accuracy' twice"},
      {{"model.layers.0.conv2d.kernel=40"}, "job.yaml:11:7: "},
      {{"model.layers.1={dense: {units: 10}}", "model.input=[4]"}, "job.yaml:11:7: "},
      {{"cluster.nodes=[{name: a, workers: 1, parameter_servers: 1, data_shards: 1}, {name: a}]"},
       "two nodes named 'a'"},
      {{"cluster.nodes=[{name: a, workers: 1, parameter_servers: 1, data_shards: 1}]",
        "cluster.replicas=1"},
       "--set cluster.replicas=1: 1 replicas need 2 nodes, not 1"}};
  for (const auto& [overrides, start] : table) {
    const std::string said = complaint(sound_job, overrides);
    BOOST_TEST_CONTEXT(overrides.back() << " said: " << said) {
      BOOST_TEST(said.find(start) != std::string::npos);
      BOOST_TEST(said.find('\n') == std::string::npos);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_job_built_in_code_is_completed) {
  job j = built_in_code();
  complete(j, known());
  BOOST_TEST(j.optimizer.protocol == "adag");
  BOOST_TEST(j.optimizer.communication_window > 0u);
  BOOST_TEST(j.data.train.options.text("kind") == "digits");
  BOOST_TEST(j.model.layers[1].options.has("activation"));
  const std::string once = to_yaml(j);
  complete(j, known());
  BOOST_TEST(to_yaml(j) == once);
}

BOOST_AUTO_TEST_CASE(errors_of_a_job_built_in_code_name_the_path) {
  BOOST_TEST(completion(built_in_code()) == "");
  job j = built_in_code();
  j.model.layers[1].options.set("unitz", std::int64_t{3});
  BOOST_TEST(completion(j).find("model.layers.1.dense.unitz: unknown option") == 0u);
  j = built_in_code();
  j.training.epochs = 0;
  BOOST_TEST(completion(j).find("training.epochs: 'epochs' must be at least 1") == 0u);
  j = built_in_code();
  j.model.layers.clear();
  BOOST_TEST(completion(j).find("model.layers: ") == 0u);
  j = built_in_code();
  j.data.train.format = "";
  BOOST_TEST(completion(j).find("data.train.format: unknown format ''") == 0u);
  j = built_in_code();
  j.name = "a/b";
  BOOST_TEST(completion(j).find("name: ") == 0u);
  j = built_in_code();
  j.cluster.emplace().nodes = {{"", "h", 1, 1, 1}};
  BOOST_TEST(completion(j).find("cluster.nodes.0.name: ") == 0u);
}

BOOST_AUTO_TEST_CASE(labels_follow_the_loss) {
  const job j = parse(sound_job);
  const model_summary model = describe(j.model, known().models);
  const label_request request = label_request_of(j, model);
  BOOST_TEST(request.units == 10u);
  BOOST_TEST((request.use == label_shape::classes));
}

BOOST_AUTO_TEST_CASE(errors_of_lower_rooms_get_their_place) {
  const job j = parse(sound_job);
  const auto said = [&](const error& thrown) -> std::string {
    try {
      located(j, [&] { throw thrown; });
      return {};
    } catch (const error& e) {
      return e.what();
    }
  };
  BOOST_TEST(said(job_error("data.transforms.0", "x")) == "job.yaml:7:7: x");
  BOOST_TEST(said(job_error("model.layers.1", "x")) == "job.yaml:12:7: x");
  BOOST_TEST(said(data_error("train.csv:3", "x")) == "train.csv:3: x");
  BOOST_TEST(located(j, [] { return 5; }) == 5);
}

BOOST_AUTO_TEST_CASE(data_must_fit_the_model) {
  const job j = parse(sound_job);
  prepared_data data = prepare(j.data, {label_shape::classes, 10}, j.seed, known().data);
  BOOST_CHECK_NO_THROW(check_data(j, data));
  const job other = parse(sound_job, {"model.input=[20, 20, 1]"});
  BOOST_CHECK_EXCEPTION(check_data(other, data), error, [](const error& e) {
    return e.place() == "--set model.input=[20, 20, 1]" &&
           e.message().find("400 numbers (20 x 20 x 1)") != std::string::npos;
  });
}

BOOST_AUTO_TEST_SUITE_END()
