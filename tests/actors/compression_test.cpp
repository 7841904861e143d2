// Compressed commits and answers through whole runs of real actors.

#include <boost/test/unit_test.hpp>

#include "actors/whole_run.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

constexpr std::uint64_t rows = 503, epochs = 3;
/// Accuracy on two classes. How fast workers are, and so the order of commits, is measured in real
/// time: the last rows decide whether it is a little more or less.
constexpr double learned = 0.7;

std::vector<std::string> settings_for(const std::string& protocol, const std::string& consistency,
                                      const std::string& compression) {
  std::vector<std::string> out = {
      "optimizer.protocol=" + protocol,       "optimizer.consistency=" + consistency,
      "optimizer.compression=" + compression, "training.epochs=" + std::to_string(epochs),
      "supervisor.rebalance.enabled=false",   "training.batch_size=4"};
  if (protocol == "sync_sgd") out.push_back("optimizer.communication_window=null");
  if (protocol == "eamsgd") {
    out.insert(out.end(), {"optimizer.gradient_rule=null", "optimizer.learning_rate=0.1"});
  }
  return out;
}

/// A compression as jobs name it; of few numbers, enough travel to train so small a model in time.
std::string choice(const std::string& codec, const std::string& answers = "none") {
  const bool few = codec == "top_k" || codec == "random_k";
  return "{name: " + codec + ", answers: " + answers + (few ? ", ratio: 0.25}" : "}");
}

/// Bytes that `n` numbers take, as the registry states it.
std::uint64_t stated_size(const std::string& codec, std::uint64_t n) {
  const std::uint64_t k = std::max<std::uint64_t>(1, (n + 2) / 4);  // a quarter, rounded
  if (codec == "none") return 4 * n;
  if (codec == "float16" || codec == "bfloat16") return 2 * n;
  if (codec == "int8") return n + 4 * ((n + 255) / 256);
  if (codec == "one_bit") return 8 + (n + 7) / 8;
  if (codec == "top_k") return 4 + std::min(2 * k, (n + 7) / 8) + 4 * k;
  BOOST_TEST_REQUIRE(codec == "random_k");
  return 4 * k;
}

outcome_ptr finish(const std::vector<std::string>& changes, std::uint64_t order) {
  whole_run run(small_job(changes), two_classes(rows));
  run.shuffle(order);
  const auto outcome = run.finish();
  BOOST_REQUIRE(outcome);
  const auto& s = outcome->summary;
  BOOST_TEST(outcome->failure == "");
  BOOST_TEST(s["rows_trained"].get<std::uint64_t>() - s["rows_repeated"].get<std::uint64_t>() ==
             rows * epochs);
  return outcome;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(compressions)

BOOST_AUTO_TEST_CASE(every_compression_trains_every_protocol_of_differences) {
  const registry<codec_entry> known = builtin_codecs();
  const registry<protocol_entry> protocols = builtin_protocols();
  for (const codec_entry& codec : known.entries()) {
    for (const char* protocol : {"downpour", "adag", "dynsgd", "averaging", "diloco", "sync_sgd"}) {
      for (const std::string consistency : {"asynchronous", "synchronous"}) {
        const auto& allowed = find_protocol(protocols, protocol, "").consistencies;
        if (std::count(allowed.begin(), allowed.end(), consistency) == 0) continue;
        BOOST_TEST_CONTEXT(codec.name << ", " << protocol << ", " << consistency) {
          const auto outcome = finish(settings_for(protocol, consistency, choice(codec.name)), 1);
          BOOST_TEST(outcome->summary["test_accuracy"].get<double>() > learned);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(replicas_and_answers_may_be_rounded) {
  for (const std::string rounding : {"float16", "bfloat16"}) {
    for (const char* consistency : {"asynchronous", "{name: bounded, staleness: 1}", "synchronous",
                                    "{name: synchronous, backup_workers: 1}"}) {
      const bool rounds = std::string(consistency).find("asynchronous") != 0 &&
                          std::string(consistency).find("bounded") == std::string::npos;
      for (const std::string protocol : {"aeasgd", "eamsgd", "easgd"}) {
        if (protocol == "easgd" && !rounds) continue;
        for (const std::string& answers : {std::string("none"), rounding}) {
          BOOST_TEST_CONTEXT(rounding << ", " << protocol << ", " << consistency << ", "
                                      << answers) {
            auto changes = settings_for(protocol, consistency, choice(rounding, answers));
            const auto outcome = finish(changes, 2);
            BOOST_TEST(outcome->summary["test_accuracy"].get<double>() > learned);
          }
        }
      }
      for (const char* codec : {"none", "one_bit", "random_k"}) {
        for (const char* protocol : {"downpour", "adag_thesis"}) {
          BOOST_TEST_CONTEXT(rounding << " answers, " << codec << ", " << protocol << ", "
                                      << consistency) {
            const auto outcome =
                finish(settings_for(protocol, consistency, choice(codec, rounding)), 2);
            BOOST_TEST(outcome->summary["test_accuracy"].get<double>() > learned);
          }
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(the_summary_counts_the_bytes_that_travel) {
  // 2 statistics of 2 inputs; 4 + 24 + 18 parameters, cut into slices of 16.
  const std::string layers =
      "model.layers=[batch_normalization, {dense: {units: 8, activation: tanh}}, "
      "{dense: {units: 2}}]";
  for (const std::string codec :
       {"none", "float16", "bfloat16", "int8", "one_bit", "top_k", "random_k"}) {
    for (const std::string answers : {"none", "float16"}) {
      for (const char* consistency :
           {"asynchronous", "synchronous", "{name: synchronous, backup_workers: 1}"}) {
        BOOST_TEST_CONTEXT(codec << ", answers " << answers << ", " << consistency) {
          auto changes = settings_for("downpour", consistency, choice(codec, answers));
          changes.push_back(layers);
          changes.push_back("training.epochs=" + std::to_string(epochs));
          const auto outcome = finish(changes, 4);
          const auto& s = outcome->summary;
          BOOST_TEST(s["parameters"].get<std::uint64_t>() == 46u);
          const std::uint64_t commits =
              s["commits"].get<std::uint64_t>() + s["commits_dropped"].get<std::uint64_t>();
          const std::uint64_t statistics = 4 * 4;  // two means, two variances
          const std::uint64_t sent =
              2 * stated_size(codec, 16) + stated_size(codec, 14) + statistics;
          BOOST_TEST(s["bytes_sent"].get<std::uint64_t>() == commits * sent);
          const std::uint64_t received = 46 * (answers == "none" ? 4 : 2) + statistics;
          BOOST_TEST(s["bytes_received"].get<std::uint64_t>() == commits * received);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_threshold_sends_what_exceeds_it) {
  // All or nothing: 4 bytes of a head; with all numbers also a bit for each and the numbers.
  for (const auto& [value, size] :
       {std::pair<const char*, std::uint64_t>{"1e20", 12}, {"1e-30", 12 + 6 + 4 * 42}}) {
    for (const char* consistency : {"asynchronous", "synchronous"}) {
      auto changes = settings_for("downpour", consistency,
                                  std::string("{name: threshold, value: ") + value + "}");
      const auto outcome = finish(changes, 1);
      const auto& s = outcome->summary;
      // A member without rows has nothing to send.
      const std::uint64_t commits = s["commits"].get<std::uint64_t>();
      const std::uint64_t sent = s["bytes_sent"].get<std::uint64_t>();
      BOOST_TEST(sent <= commits * size);
      BOOST_TEST(sent >= (commits - 2 * epochs) * size);
    }
  }
}

BOOST_AUTO_TEST_CASE(compressed_rounds_give_the_same_bits_in_any_order) {
  const registry<codec_entry> known = builtin_codecs();
  for (const codec_entry& codec : known.entries()) {
    for (const char* protocol : {"adag", "diloco", "sync_sgd"}) {
      std::vector<float> first;
      for (const std::uint64_t order : {1, 2, 3}) {
        BOOST_TEST_CONTEXT(codec.name << ", " << protocol << ", order " << order) {
          const auto outcome =
              finish(settings_for(protocol, "synchronous", choice(codec.name, "bfloat16")), order);
          BOOST_TEST(outcome->summary["reproducible"].get<bool>());
          if (first.empty()) first = outcome->model->parameters;
          BOOST_TEST((outcome->model->parameters == first));
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(dropped_commits_go_back_in_every_compression) {
  const registry<codec_entry> known = builtin_codecs();
  for (const codec_entry& codec : known.entries()) {
    std::uint64_t dropped = 0;
    for (const char* protocol : {"downpour", "averaging", "sync_sgd"}) {
      BOOST_TEST_CONTEXT(codec.name << ", " << protocol) {
        auto changes =
            settings_for(protocol, "{name: synchronous, backup_workers: 2}", choice(codec.name));
        changes.push_back("actors.workers=4");
        if (std::string(protocol) != "sync_sgd") {
          changes.push_back("optimizer.communication_window=2");
        }
        const auto outcome = finish(changes, 5);
        BOOST_TEST(outcome->summary["test_accuracy"].get<double>() > learned);
        dropped += outcome->summary["commits_dropped"].get<std::uint64_t>();
      }
    }
    BOOST_TEST(dropped > 3u);
  }
}

BOOST_AUTO_TEST_SUITE_END()
