// A job as another protocol would run it.

#include "troupe/config/variant.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "config/job_text.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

job_variant variant(const std::string& text, const variant_request& request,
                    const std::vector<std::string>& overrides = {}) {
  return parse_variant(text, "job.yaml", overrides, request, known());
}

std::vector<std::string> left_out(const std::string& text, const std::string& protocol,
                                  const std::vector<std::string>& overrides = {}) {
  const job_variant v = variant(text, {protocol, {}, false}, overrides);
  check(v.of, known());
  return v.left_out;
}

using lines = std::vector<std::string>;

/// The sound job as the protocol and with the keys given beside it.
std::string job_with(const std::string& protocol, const std::string& keys) {
  return with(sound_job, "protocol: adag\n", "protocol: " + protocol + "\n" + keys);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(variants)

BOOST_AUTO_TEST_CASE(the_same_protocol_is_the_same_job) {
  const job_variant v = variant(sound_job, {"agn", {}, false});
  BOOST_TEST(to_yaml(v.of) == to_yaml(parse(sound_job)));
  BOOST_TEST(v.left_out.empty());
}

BOOST_AUTO_TEST_CASE(protocol_and_workers_are_the_wanted_ones) {
  const job_variant v =
      variant(sound_job, {"downpour", 5, false}, {"actors.workers=3", "training.epochs=4"});
  BOOST_TEST(v.of.optimizer.protocol == "downpour");
  BOOST_TEST(v.of.actors.workers == 5u);
  BOOST_TEST(v.of.training.epochs == 4u);
  BOOST_TEST(variant(sound_job, {"downpour", {}, false}).of.actors.workers == 2u);
  BOOST_TEST(variant(sound_job, {"sequential", 4, false}).of.actors.workers == 1u);
  BOOST_TEST(variant(sound_job, {"sequential", {}, false}).of.actors.workers == 1u);
}

BOOST_AUTO_TEST_CASE(what_a_protocol_has_no_use_for_is_left_out) {
  const std::string job = job_with(
      "downpour",
      "  fetch_window: 3\n  communication_window: 4\n  server_rule: adagrad\n"
      "  consistency: {name: bounded, staleness: 2}\n  compression: {name: top_k, ratio: 0.1}\n");
  BOOST_TEST(left_out(job, "adag") == (lines{"optimizer.fetch_window (adag has no such option)",
                                             "optimizer.server_rule (adag takes none)"}),
             boost::test_tools::per_element());
  BOOST_TEST(
      left_out(job, "eamsgd") == (lines{"optimizer.fetch_window (eamsgd has no such option)",
                                        "optimizer.server_rule (eamsgd takes none)",
                                        "optimizer.compression (eamsgd does not take top_k)",
                                        "optimizer.gradient_rule (eamsgd has a rule of its own)"}),
      boost::test_tools::per_element());
  BOOST_TEST(left_out(job, "sync_sgd") ==
                 (lines{"optimizer.fetch_window (sync_sgd has no such option)",
                        "optimizer.communication_window (it changes nothing for sync_sgd)",
                        "optimizer.server_rule (sync_sgd takes none)",
                        "optimizer.consistency (sync_sgd does not go with bounded)"}),
             boost::test_tools::per_element());
  const job_variant v = variant(job, {"adag", {}, false});
  BOOST_TEST(v.of.optimizer.consistency.name == "bounded");
  BOOST_TEST(v.of.optimizer.compression.options.number("ratio") == 0.1);
  BOOST_TEST(v.of.optimizer.communication_window == 4u);
  BOOST_TEST(!v.of.optimizer.server_rule.has_value());
}

BOOST_AUTO_TEST_CASE(a_copy_travels_exactly_both_ways) {
  const auto kept = [](const std::string& compression) {
    return left_out(job_with("adag", "  compression: " + compression + "\n"), "hogwild").empty();
  };
  BOOST_TEST(kept("none"));
  BOOST_TEST(kept("{name: none}"));
  BOOST_TEST(!kept("{name: none, answers: float16}"));
  BOOST_TEST(!kept("float16"));
}

BOOST_AUTO_TEST_CASE(an_option_with_another_meaning_does_not_wander) {
  // The factor of rho is no rate of a worker's steps.
  const std::string job = with(job_with("aeasgd", "  rho: 5\n  learning_rate: 0.1\n"),
                               "  gradient_rule: {name: adam, learning_rate: 0.001}\n", "");
  BOOST_TEST(left_out(job, "aeasgd").empty());
  const job_variant v = variant(job, {"eamsgd", {}, false});
  BOOST_TEST(v.of.optimizer.options.number("learning_rate") != 0.1);
  BOOST_TEST(std::count(v.left_out.begin(), v.left_out.end(),
                        "optimizer.learning_rate (it means something else for eamsgd)") == 1);
  // Who says it for the comparison means it as it is there.
  const job_variant other =
      variant(sound_job, {"eamsgd", {}, false}, {"optimizer.learning_rate=0.25"});
  BOOST_TEST(other.of.optimizer.options.number("learning_rate") == 0.25);
  BOOST_TEST(left_out(sound_job, "downpour", {"optimizer.alpha=0.25"}) ==
                 (lines{"optimizer.alpha (downpour has no such option)"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(recommended_settings_stand_above_the_file_and_below_the_options) {
  for (const protocol_entry& protocol : known().protocols.entries()) {
    BOOST_TEST_CONTEXT(protocol.name) {
      const job_variant v = variant(sound_job, {protocol.name, 4, true});
      BOOST_CHECK_NO_THROW(check(v.of, known()));
    }
  }
  catalogue mine = catalogue::builtin();
  protocol_entry entry = *mine.protocols.find("adag");
  entry.recommended = {{"optimizer.gradient_rule", "{name: rmsprop, learning_rate: 0.25}"},
                       {"optimizer.communication_window", "12"}};
  mine.protocols.add(entry);
  const auto recommended = [&](const std::vector<std::string>& overrides) {
    return parse_variant(sound_job, "job.yaml", overrides, {"adag", {}, true}, mine).of.optimizer;
  };
  const optimizer_spec theirs = recommended({"training.epochs=3"});
  BOOST_TEST(theirs.gradient_rule.name == "rmsprop");
  BOOST_TEST(theirs.gradient_rule.options.number("learning_rate") == 0.25);
  BOOST_TEST(theirs.communication_window == 12u);
  const optimizer_spec set = recommended(
      {"optimizer.gradient_rule.learning_rate=0.5", "optimizer.communication_window=2"});
  BOOST_TEST(set.gradient_rule.name == "rmsprop");
  BOOST_TEST(set.gradient_rule.options.number("learning_rate") == 0.5);
  BOOST_TEST(set.communication_window == 2u);
}

BOOST_AUTO_TEST_CASE(what_nobody_knows_is_an_error) {
  const auto said = [](const std::string& text, const std::string& protocol,
                       const std::vector<std::string>& overrides) -> std::string {
    try {
      variant(text, {protocol, {}, false}, overrides);
      return {};
    } catch (const error& e) {
      return e.what();
    }
  };
  BOOST_TEST(said(sound_job, "dowpour", {}).find("--protocols: unknown protocol 'dowpour'; did") ==
             0u);
  BOOST_TEST(said(sound_job, "adag", {"optimizer.alhpa=1"})
                 .find("--set optimizer.alhpa=1: unknown key in optimizer") == 0u);
  BOOST_TEST(said(job_with("dowpour", ""), "adag", {}).find("job.yaml:16:13: unknown protocol") ==
             0u);
  BOOST_TEST(said(job_with("adag", "  consistency: bounde\n"), "sequential", {})
                 .find("job.yaml:17:16: unknown consistency") == 0u);
  BOOST_TEST(said(with(sound_job, "epochs: 2", "epochs: 0"), "adag", {}).find("job.yaml:18:20: ") ==
             0u);
  BOOST_TEST(said("", "adag", {}) == "job.yaml: the job is empty");
}

BOOST_AUTO_TEST_SUITE_END()
