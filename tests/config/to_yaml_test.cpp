// A job written out reads back to the same job.

#include <boost/test/unit_test.hpp>

#include "config/job_text.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

void reads_back(const job& j) {
  const std::string text = to_yaml(j);
  BOOST_TEST_CONTEXT(text) {
    const job again = parse(text);
    BOOST_TEST(to_yaml(again) == text);
    BOOST_TEST((again.data.train.options == j.data.train.options));
    BOOST_TEST(again.model.layers.size() == j.model.layers.size());
    for (std::size_t i = 0; i < j.model.layers.size(); ++i) {
      BOOST_TEST((again.model.layers[i].options == j.model.layers[i].options));
    }
    BOOST_TEST((again.optimizer.options == j.optimizer.options));
    BOOST_TEST((again.optimizer.gradient_rule.options == j.optimizer.gradient_rule.options));
    BOOST_TEST(again.optimizer.communication_window == j.optimizer.communication_window);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(writing)

BOOST_AUTO_TEST_CASE(sample_jobs_read_back) {
  for (const std::string& name : sample_jobs())
    reads_back(read_job(sample_path(name), {}, known()));
}

BOOST_AUTO_TEST_CASE(unusual_jobs_read_back) {
  reads_back(parse(sound_job, {"data.directory=\"a: #b\\n\\\"c\\\"\"", "training.keep=best",
                               "training.stop={patience: 3, max_seconds: 1e-3}",
                               "optimizer.communication_window=epoch", "model.metrics=[]",
                               "data.transforms=[]", "seed=9223372036854775807"}));
  reads_back(parse(sound_job, {"optimizer.protocol=aeasgd", "optimizer.alpha=0.1",
                               "cluster.tls={ca: a, certificate: b, key: c}",
                               "cluster.nodes=[{name: a, workers: 1}]", "data.split=null",
                               "data.test={format: synthetic}"}));
  reads_back(parse(sound_job, {"metrics={listen: \"[::1]:9464\"}"}));
  reads_back(parse(sound_job, {"metrics.listen=0.0.0.0:0", "metrics.beyond_loopback=true"}));
}

BOOST_AUTO_TEST_CASE(where_a_run_is_watched_stays_apart_from_what_its_model_is_scored_by) {
  const job j = parse(sound_job, {"metrics.listen=127.0.0.1:0"});
  BOOST_TEST(j.metrics_listen.listen.value() == "127.0.0.1:0");
  BOOST_TEST(j.model.metrics.size() == 1u);
  BOOST_TEST(to_yaml(j).find("\nmetrics:\n  listen: ") != std::string::npos);
  BOOST_TEST(
      !parse(sound_job, {"metrics.listen=127.0.0.1:0", "metrics=null"}).metrics_listen.listen);
  BOOST_TEST(to_yaml(parse(sound_job)).find("\nmetrics:") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(defaults_are_written) {
  const std::string text = to_yaml(parse(sound_job));
  for (const char* line :
       {"  shuffle: true\n", "  batch_size: 16\n", "  keep: last\n", "    every_seconds: 30\n",
        "  compression: {name: none, answers: none}\n", "  slice: 262144\n", "  stop: {}\n"}) {
    BOOST_TEST_CONTEXT(line) {
      BOOST_TEST(text.find(line) != std::string::npos);
    }
  }
  BOOST_TEST(text.find("cluster") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
