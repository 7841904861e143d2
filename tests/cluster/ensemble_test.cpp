// An ensemble as its user meets it: trained, scored, asked.

#include <cmath>

#include "cluster/workspace.hpp"
#include "troupe/troupe.hpp"

using namespace troupe::testing;

namespace {

constexpr int members = 3;

const std::vector<std::string> ensemble = {
    "optimizer={protocol: ensemble, gradient_rule: {name: adam, learning_rate: 0.02}}",
    "actors.workers=" + std::to_string(members)};

outcome run(std::vector<std::string> arguments, const std::vector<std::string>& changes) {
  for (const std::string& change : changes) arguments.insert(arguments.end(), {"--set", change});
  return run_troupe(arguments);
}

std::vector<std::string> with(std::vector<std::string> changes, const std::string& more) {
  changes.push_back(more);
  return changes;
}

nlohmann::json train(const workspace& here, const std::string& name, const std::string& job,
                     const std::vector<std::string>& changes) {
  const outcome done =
      run({"train", here.write(name + ".yaml", job), "--quiet", "--json", "--run", here / name},
          changes);
  BOOST_TEST_REQUIRE(done.status == 0, done.err);
  return nlohmann::json::parse(done.out);
}

troupe::trained_model model_of(const workspace& here, const std::string& name) {
  return troupe::trained_model::load(here / (name + "/model.troupe"), troupe::catalogue::builtin());
}

nlohmann::json evaluate(const workspace& here, const std::string& name) {
  const outcome done = run_troupe({"evaluate", here / (name + "/model.troupe"), "--json"});
  BOOST_TEST_REQUIRE(done.status == 0, done.err);
  return nlohmann::json::parse(done.out);
}

/// Flowers that a few steps do not tell apart, scored on a file of their own.
std::string uneasy_flowers(const workspace& here) {
  here.write("flowers.csv", flower_rows(300, true));
  here.write("test.csv", flower_rows(120, true));
  return "name: flowers\n"
         "data:\n"
         "  directory: " +
         here.path() +
         "\n"
         "  train: {format: csv, path: flowers.csv}\n"
         "  test: {format: csv, path: test.csv}\n"
         "  transforms: [standard]\n"
         "model:\n"
         "  input: [2]\n"
         "  layers:\n"
         "    - dense: {units: 3, activation: softmax}\n"
         "  metrics: [accuracy]\n"
         "training: {epochs: 1, batch_size: 10}\n";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ensembles)

BOOST_AUTO_TEST_CASE(training_evaluate_and_predict_agree) {
  const workspace here;
  const std::string job = uneasy_flowers(here);
  std::vector<std::string> truth;
  for (const std::string& line : lines_of(here.read("test.csv"))) {
    truth.push_back(line.substr(line.rfind(',') + 1));
  }
  for (const std::string vote : {"mean", "hard"}) {
    BOOST_TEST_CONTEXT(vote) {
      const auto summary = train(here, vote, job, with(ensemble, "optimizer.vote=" + vote));
      BOOST_CHECK_EQUAL(summary["members"], members);
      BOOST_CHECK_EQUAL(summary["rows_trained"], members * 300);
      const auto scored = evaluate(here, vote);
      BOOST_CHECK_EQUAL(scored["test_loss"].dump(), summary["test_loss"].dump());
      BOOST_CHECK_EQUAL(scored["test_accuracy"].dump(), summary["test_accuracy"].dump());

      const outcome done =
          run_troupe({"predict", here / (vote + "/model.troupe"), "--input", here / "test.csv"});
      BOOST_TEST_REQUIRE(done.status == 0, done.err);
      const auto lines = lines_of(done.out);
      BOOST_REQUIRE_EQUAL(lines.size(), truth.size());
      double right = 0, loss = 0;
      for (std::size_t i = 0; i < lines.size(); ++i) {
        std::istringstream in(lines[i]);
        std::string label;
        std::vector<double> p(3);
        in >> label >> p[0] >> p[1] >> p[2];
        BOOST_CHECK_SMALL(p[0] + p[1] + p[2] - 1, 1e-4);
        right += label == truth[i] ? 1 : 0;
        // Labels are numbered by the alphabet: aster, basil, cress.
        loss -= std::log(std::max(p[static_cast<std::size_t>(truth[i][0] - 'a')], 1e-7));
        if (vote == "hard") {
          for (const double share : p) {
            BOOST_CHECK_SMALL(share * members - std::round(share * members), 1e-4);
          }
        }
      }
      const auto rows = static_cast<double>(lines.size());
      BOOST_CHECK_SMALL(right / rows - scored["test_accuracy"].get<double>(), 1e-9);
      BOOST_CHECK_SMALL(loss / rows - scored["test_loss"].get<double>(), 1e-4);
    }
  }
  // The vote changes the answer, not the models.
  const auto mean = model_of(here, "mean"), hard = model_of(here, "hard");
  BOOST_CHECK(mean.parameters == hard.parameters);
  BOOST_CHECK(evaluate(here, "mean")["test_loss"] != evaluate(here, "hard")["test_loss"]);
  BOOST_CHECK_EQUAL(hard.form.members, std::size_t{members});
  BOOST_CHECK(hard.form.vote == troupe::vote_rule::hard);
  BOOST_CHECK(mean.form.vote == troupe::vote_rule::mean);
}

BOOST_AUTO_TEST_CASE(together_they_are_no_worse_than_the_first_alone) {
  const workspace here;
  const std::string rule = "gradient_rule: {name: adam, learning_rate: 0.002}";
  const auto alone = train(
      here, "alone", quick_job,
      {"optimizer={protocol: sequential, " + rule + "}", "actors.workers=1", "training.epochs=4"});
  const std::vector<std::string> several = {"optimizer={protocol: ensemble, " + rule + "}",
                                            "actors.workers=5", "training.epochs=4"};
  const auto mean = train(here, "mean", quick_job, several);
  const auto hard = train(here, "hard", quick_job, with(several, "optimizer.vote=hard"));
  // Of 200 rows one is half a point.
  const double expected = alone["test_accuracy"].get<double>() - 0.02;
  BOOST_CHECK_GE(mean["test_accuracy"].get<double>(), expected);
  BOOST_CHECK_GE(hard["test_accuracy"].get<double>(), expected);
  BOOST_CHECK_GE(expected, 0.4);
  BOOST_CHECK_LT(mean["test_loss"].get<double>(), alone["test_loss"].get<double>() * 1.02);
  // Its first member is the model that the job's seed makes alone.
  const auto together = model_of(here, "mean").parameters,
             first = model_of(here, "alone").parameters;
  BOOST_REQUIRE_EQUAL(together.size(), 5 * first.size());
  BOOST_CHECK(std::equal(first.begin(), first.end(), together.begin()));
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_members) {
  const workspace here;
  const std::string job = uneasy_flowers(here);
  for (const char* data : {"all", "disjoint"}) {
    BOOST_TEST_CONTEXT(data) {
      const auto changes = with(ensemble, std::string("optimizer.data=") + data);
      const std::string a = std::string(data) + "-a", b = std::string(data) + "-b";
      const auto summary = train(here, a, job, changes);
      train(here, b, job, changes);
      BOOST_CHECK_EQUAL(summary["reproducible"], true);
      BOOST_CHECK_EQUAL(summary["rows_trained"], data == std::string("all") ? members * 300 : 300);
      const auto one = model_of(here, a), other = model_of(here, b);
      BOOST_CHECK(one.parameters == other.parameters);
      BOOST_REQUIRE_EQUAL(one.parameters.size(), std::size_t{members * 9});
      // Three models, none like another.
      for (std::ptrdiff_t m = 0; m < members; ++m) {
        const auto next = (m + 1) % members;
        BOOST_CHECK(!std::equal(one.parameters.begin() + m * 9, one.parameters.begin() + m * 9 + 9,
                                one.parameters.begin() + next * 9));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(there_is_no_vote_without_classes) {
  const workspace here;
  const std::string job = here.write("job.yaml", uneasy_flowers(here));
  const auto values = [&](const std::string& vote) {
    auto changes = with(ensemble, "optimizer.vote=" + vote);
    for (const char* change : {"model.loss=mean_squared_error", "model.metrics=[]",
                               "data.transforms=[standard, {one_hot: {classes: 3}}]"}) {
      changes.push_back(change);
    }
    return run({"check", job}, changes);
  };
  check_complaint(values("hard"), 2, "there are no classes to vote for");
  const outcome mean = values("mean");
  BOOST_CHECK_MESSAGE(mean.status == 0, mean.err);
}

BOOST_AUTO_TEST_SUITE_END()
