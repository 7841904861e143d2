// Reading sound jobs: values, defaults, overrides, places.

#include <boost/test/unit_test.hpp>

#include "config/job_text.hpp"

using namespace troupe;
using namespace troupe::testing;

BOOST_AUTO_TEST_SUITE(reader)

BOOST_AUTO_TEST_CASE(values_arrive) {
  const job j = parse(sound_job);
  BOOST_TEST(j.name == "small");
  BOOST_TEST(j.seed == 3u);
  BOOST_TEST(j.data.train.format == "synthetic");
  BOOST_TEST(j.data.train.options.integer("rows") == 100);
  BOOST_TEST(j.data.split_test == 0.2);
  BOOST_TEST(j.model.input == (shape{28, 28, 1}), boost::test_tools::per_element());
  BOOST_TEST(j.model.layers.size() == 3u);
  BOOST_TEST(j.model.layers[0].kind == "conv2d");
  BOOST_TEST(j.model.layers[0].options.integer("filters") == 4);
  BOOST_TEST(j.model.layers[1].kind == "flatten");
  BOOST_TEST(j.optimizer.gradient_rule.options.number("learning_rate") == 0.001);
  BOOST_TEST(j.training.epochs == 2u);
  BOOST_TEST(j.actors.workers == 2u);
}

BOOST_AUTO_TEST_CASE(defaults_are_filled_in) {
  const job j = parse(sound_job);
  BOOST_TEST(j.data.directory == ".");
  BOOST_TEST(j.data.shuffle);
  BOOST_TEST(j.data.transforms[0].options.number_list("to").back() == 1);
  BOOST_TEST(j.model.loss == "categorical_crossentropy");
  BOOST_TEST(j.model.layers[2].options.boolean("use_bias"));
  BOOST_TEST(j.optimizer.communication_window == known().protocols.find("adag")->default_window);
  BOOST_TEST(j.optimizer.consistency.name == "asynchronous");
  BOOST_TEST(j.optimizer.compression.name == "none");
  BOOST_TEST(j.training.evaluate_every == 1);
  BOOST_TEST(!j.training.stop.patience.has_value());
  BOOST_TEST(j.supervisor.rebalance);
  BOOST_TEST(!j.cluster.has_value());
}

BOOST_AUTO_TEST_CASE(short_forms) {
  const job j = parse(with(sound_job, "{name: adam, learning_rate: 0.001}",
                           "sgd\n  consistency: asynchronous\n  communication_window: epoch"));
  BOOST_TEST(j.optimizer.gradient_rule.name == "sgd");
  BOOST_TEST(j.optimizer.window_is_epoch);
  BOOST_TEST(j.optimizer.communication_window == epoch_window);
  BOOST_TEST(parse(with(sound_job, "protocol: adag", "protocol: agn")).optimizer.protocol ==
             "adag");
  BOOST_TEST(parse(with(sound_job, "[accuracy]", "[{top_k_accuracy: {k: 3}}]"))
                 .model.metrics[0]
                 .options.integer("k") == 3);
  BOOST_TEST(parse(with(sound_job, "kernel: 3", "kernel: [3, 3]")).model.layers.size() == 3u);
}

BOOST_AUTO_TEST_CASE(options_of_a_protocol_stand_beside_it) {
  const job j = parse(with(sound_job, "protocol: adag", "protocol: aeasgd\n  alpha: 0.25"));
  BOOST_TEST(j.optimizer.options.number("alpha") == 0.25);
  const std::string both =
      with(sound_job, "protocol: adag", "protocol: aeasgd\n  alpha: 0.25\n  rho: 1");
  BOOST_TEST(complaint(both).find("job.yaml:16:13: ") == 0u);
}

BOOST_AUTO_TEST_CASE(the_cluster_of_the_contract) {
  const job j = parse(sound_job +
                      "supervisor: {rebalance: {enabled: false}, checkpoint: {keep: 5}}\n"
                      "cluster:\n"
                      "  launcher: ssh\n"
                      "  listen: 10.0.0.1\n"
                      "  tls: {ca: ca.pem, certificate: node.pem, key: node.key}\n"
                      "  nodes:\n"
                      "    - {name: alpha, host: 127.0.0.1, parameter_servers: 1}\n"
                      "    - {name: beta,  host: 127.0.0.1, workers: 2, data_shards: 2}\n"
                      "  replicas: 1\n");
  BOOST_TEST(!j.supervisor.rebalance);
  BOOST_TEST(j.supervisor.checkpoint_keep == 5u);
  BOOST_TEST(j.cluster->launcher == "ssh");
  BOOST_TEST(j.cluster->tls.certificate == "node.pem");
  BOOST_TEST(j.cluster->nodes.size() == 2u);
  BOOST_TEST(j.cluster->nodes[1].workers == 2u);
  BOOST_TEST(j.cluster->supervisor_grace == 30);
  BOOST_CHECK_NO_THROW(check(j, known()));
}

BOOST_AUTO_TEST_CASE(overrides_win_and_are_the_place) {
  const job j =
      parse(sound_job, {"training.epochs=7", "model.layers.0.conv2d.filters=16",
                        "optimizer.gradient_rule.learning_rate=0.5", "training.stop.patience=2",
                        "cluster.replicas=0", "model.layers.1.flatten={}"});
  BOOST_TEST(j.training.epochs == 7u);
  BOOST_TEST(j.model.layers[0].options.integer("filters") == 16);
  BOOST_TEST(j.optimizer.gradient_rule.name == "adam");
  BOOST_TEST(j.optimizer.gradient_rule.options.number("learning_rate") == 0.5);
  BOOST_TEST(*j.training.stop.patience == 2u);
  BOOST_TEST(j.cluster.has_value());
  BOOST_TEST(j.place("training.epochs") == "--set training.epochs=7");
  BOOST_TEST(j.place("training.batch_size") == "job.yaml:18:35");
}

BOOST_AUTO_TEST_CASE(wrong_overrides_name_the_option) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"training.epochz=5", "unknown key in training 'epochz'; did you mean 'epochs'?"},
      {"trainin.epochs=5", "unknown key 'trainin'"},
      {"training.epochs=010", "looks like an octal number"},
      {"training.epochs=many", "must be a whole number, not many"},
      {"training.epochs=0", "must be at least 1"},
      {"training=5", "is a map of keys"},
      {"model.layers.9.dense.units=5", "model.layers has 3 items"},
      {"model.layers.0.conv2d.filterz=5", "did you mean 'filters'?"},
      {"optimizer.protocol=downpoor", "did you mean 'downpour'?"},
      {"optimizer.protocol=aeasgd", ""},
      {"name.x=1", "'name' must be a word, not a map"}};
  for (const auto& [option, fragment] : table) {
    const std::string said = complaint(sound_job, {option});
    BOOST_TEST_CONTEXT(option << " said: " << said) {
      if (fragment.empty()) {
        BOOST_TEST(said == "");
        continue;
      }
      BOOST_TEST(said.find("--set " + option + ": ") == 0u);
      BOOST_TEST(said.find(fragment) != std::string::npos);
    }
  }
}

BOOST_AUTO_TEST_CASE(places_fall_back_to_what_is_around) {
  const job j = parse(sound_job);
  BOOST_TEST(j.place("model.layers.2") == "job.yaml:13:7");
  BOOST_TEST(j.place("model.layers.2.dense.units") == "job.yaml:13:22");
  BOOST_TEST(j.place("model.loss") == "job.yaml:8:1");
  BOOST_TEST(j.place("supervisor.checkpoint") == "job.yaml");
  BOOST_TEST(job().place("model.loss") == "model.loss");
}

BOOST_AUTO_TEST_CASE(files_that_are_no_jobs) {
  const auto said = [](const std::string& path) -> std::string {
    try {
      read_job(path, {}, known());
      return {};
    } catch (const error& e) {
      BOOST_TEST(static_cast<int>(e.kind()) == static_cast<int>(error_kind::job));
      return e.what();
    }
  };
  BOOST_TEST(said("missing.yaml") == "missing.yaml: No such file or directory");
  BOOST_TEST(said("/").find("/: ") == 0u);
  BOOST_TEST(complaint("") == "job.yaml: the job is empty");
  BOOST_TEST(complaint("# nothing\n") == "job.yaml: the job is empty");
  BOOST_TEST(complaint("- a\n") == "job.yaml:1:1: a job is a map of keys, not a list");
  BOOST_TEST(complaint("name: a\n") == "job.yaml: the job needs 'data'");
}

BOOST_AUTO_TEST_CASE(the_sample_jobs_are_sound) {
  for (const std::string& name : sample_jobs()) {
    BOOST_TEST_CONTEXT(name) {
      const job j = read_job(sample_path(name), {}, known());
      const std::vector<std::string> warnings = check(j, known());
      for (const std::string& warning : warnings) BOOST_TEST_MESSAGE(warning);
      BOOST_TEST(warnings.empty());
      BOOST_TEST(j.seed == 7u);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
