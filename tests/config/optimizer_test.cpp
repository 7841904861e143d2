// The optimizer section: rules, window, consistency and compression against the protocol. The
// protocols and codecs here are made for it, so that each shows one property.

#include <boost/test/unit_test.hpp>

#include "config/job_text.hpp"
#include "troupe/config/check.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

protocol_entry like_adag(const std::string& name) {
  protocol_entry entry = *known().protocols.find("adag");
  entry.name = name;
  entry.aliases.clear();
  return entry;
}

codec_entry like_none(const std::string& name) {
  codec_entry entry = *known().compressions.find("none");
  entry.name = name;
  entry.lossless = entry.rounds_only = false;
  return entry;
}

catalogue make_prepared() {
  catalogue all = catalogue::builtin();
  protocol_entry own = like_adag("own");
  own.rule = rule_place::none;
  own.options = {declare::number("learning_rate", "its rate", 0.1),
                 declare::number("momentum", "its momentum", 0.9),
                 declare::number("pull", "of no rule", 0.5)};
  all.protocols.add(own);
  protocol_entry served = like_adag("served");
  served.takes_server_rule = true;
  all.protocols.add(served);
  protocol_entry rounds = like_adag("rounds");
  rounds.consistencies = {"synchronous"};
  all.protocols.add(rounds);
  protocol_entry yearly = like_adag("yearly");
  yearly.default_window = epoch_window;
  all.protocols.add(yearly);
  protocol_entry shared = like_adag("shared");
  shared.shares_parameters = true;
  shared.counts_commits = false;
  shared.payload = payload_kind::copy;
  shared.consistencies = {};
  shared.overlaps = false;
  all.protocols.add(shared);
  protocol_entry whole = like_adag("whole");
  whole.payload = payload_kind::parameters;
  all.protocols.add(whole);
  codec_entry rounding = like_none("rounding");
  rounding.rounds_only = true;
  all.compressions.add(rounding);
  all.compressions.add(like_none("sparse"));
  return all;
}

const catalogue& prepared() {
  static const catalogue all = make_prepared();
  return all;
}

job parsed(const std::string& protocol, const std::vector<std::string>& overrides = {},
           bool with_rule = true) {
  std::string text = with(sound_job, "protocol: adag", "protocol: " + protocol);
  if (!with_rule) {
    text = with(text, "  gradient_rule: {name: adam, learning_rate: 0.001}\n", "");
  }
  return parse_job(text, "job.yaml", overrides, prepared());
}

std::string said(const std::string& protocol, const std::vector<std::string>& overrides = {},
                 bool with_rule = true) {
  try {
    check(parsed(protocol, overrides, with_rule), prepared());
    return {};
  } catch (const error& e) {
    return e.what();
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(optimizer_section)

BOOST_AUTO_TEST_CASE(a_server_rule_is_read_completed_and_written) {
  const job j = parsed("served", {"optimizer.server_rule=adagrad"});
  BOOST_TEST_REQUIRE(j.optimizer.server_rule.has_value());
  BOOST_TEST(j.optimizer.server_rule->name == "adagrad");
  BOOST_TEST(j.optimizer.server_rule->options.has("learning_rate"));
  const std::string text = to_yaml(j);
  BOOST_TEST(text.find("  server_rule: {name: adagrad, ") != std::string::npos);
  BOOST_TEST(to_yaml(parse_job(text, "again.yaml", {}, prepared())) == text);
  BOOST_TEST(
      (setup_of(j, prepared(), 10).server_rule->options == j.optimizer.server_rule->options));
  BOOST_TEST(to_yaml(parsed("served")).find("server_rule") == std::string::npos);
  BOOST_TEST(!parsed("served").optimizer.server_rule.has_value());
}

BOOST_AUTO_TEST_CASE(a_server_rule_is_refused_where_there_is_no_use_for_it) {
  BOOST_TEST(said("adag\n  server_rule: adam") ==
             "job.yaml:17:16: protocol 'adag' takes no 'server_rule'");
  BOOST_TEST(said("served\n  server_rule: adm").find("job.yaml:17:16: unknown gradient rule") ==
             0u);
  BOOST_TEST(said("served\n  server_rule: {name: adam, rate: 1}").find("job.yaml:17:29: unknown") ==
             0u);
  job built = parsed("adag");
  built.places.clear();
  built.optimizer.server_rule.emplace();
  BOOST_CHECK_EXCEPTION(complete(built, prepared()), error,
                        [](const error& e) { return e.place() == "optimizer.server_rule"; });
}

BOOST_AUTO_TEST_CASE(a_protocol_with_a_rule_of_its_own_has_no_other) {
  const std::string expected =
      ": protocol 'own' has a rule of its own (learning_rate, momentum): leave 'gradient_rule' out";
  BOOST_TEST(said("own") == "job.yaml:17:18" + expected);
  // Written is written, even where it is what a job starts with.
  BOOST_TEST(said("own", {"optimizer.gradient_rule=sgd"}) ==
             "--set optimizer.gradient_rule=sgd" + expected);
  BOOST_TEST(said("own", {}, false) == "");
  const job j = parsed("own", {}, false);
  BOOST_TEST(j.optimizer.gradient_rule.name == "");
  const std::string text = to_yaml(j);
  BOOST_TEST(text.find("gradient_rule") == std::string::npos);
  BOOST_TEST(to_yaml(parse_job(text, "again.yaml", {}, prepared())) == text);
}

BOOST_AUTO_TEST_CASE(the_plain_rule_of_a_job_built_in_code_is_no_wish) {
  job built = parsed("own", {}, false);
  built.places.clear();
  const auto refused = [](job j) {
    try {
      complete(j, prepared());
      return !j.optimizer.gradient_rule.name.empty();
    } catch (const error& e) {
      return e.place() == "optimizer.gradient_rule";
    }
  };
  BOOST_TEST(!refused(built));  // completed before
  built.optimizer.gradient_rule = rule_spec();
  BOOST_TEST(!refused(built));
  built.optimizer.gradient_rule = {"sgd", {{"learning_rate", 0.5}}};
  BOOST_TEST(refused(built));
  built.optimizer.gradient_rule = {"adam", {}};
  BOOST_TEST(refused(built));
}

BOOST_AUTO_TEST_CASE(a_window_of_an_epoch_may_be_the_default) {
  const job j = parsed("yearly");
  BOOST_TEST(j.optimizer.window_is_epoch);
  BOOST_TEST(j.optimizer.communication_window == epoch_window);
  BOOST_TEST(to_yaml(j).find("  communication_window: epoch\n") != std::string::npos);
  const job other = parsed("yearly", {"optimizer.communication_window=7"});
  BOOST_TEST(!other.optimizer.window_is_epoch);
  BOOST_TEST(other.optimizer.communication_window == 7u);
}

BOOST_AUTO_TEST_CASE(the_consistency_is_the_protocols_first_unless_named) {
  BOOST_TEST(parsed("adag").optimizer.consistency.name == "asynchronous");
  BOOST_TEST(parsed("rounds").optimizer.consistency.name == "synchronous");
  BOOST_TEST(parsed("shared").optimizer.consistency.name == "asynchronous");
  const job bounded = parsed("adag", {"optimizer.consistency={name: bounded, staleness: 1}"});
  BOOST_TEST(bounded.optimizer.consistency.name == "bounded");
  BOOST_TEST(bounded.optimizer.consistency.options.integer("staleness") == 1);
}

BOOST_AUTO_TEST_CASE(bounded_by_nothing_is_synchronous) {
  job j = parsed("adag", {"optimizer.consistency={name: bounded, staleness: 0}"});
  BOOST_TEST(j.optimizer.consistency.name == "synchronous");
  BOOST_TEST(!j.optimizer.consistency.options.has("staleness"));
  BOOST_TEST(j.optimizer.consistency.options.integer("backup_workers") == 0);
  BOOST_TEST(setup_of(j, prepared(), 1).synchronous);
  const std::string once = to_yaml(j);
  complete(j, prepared());
  BOOST_TEST(to_yaml(j) == once);
  BOOST_TEST(said("rounds", {"optimizer.consistency={name: bounded, staleness: 0}"}) == "");
}

BOOST_AUTO_TEST_CASE(a_consistency_a_protocol_does_not_go_with) {
  const std::string rounds =
      "protocol 'rounds' goes with consistency synchronous, not with '{}': the centre moves once a "
      "round, with the commits of all workers";
  for (const std::string name : {"asynchronous", "bounded"}) {
    BOOST_TEST(said("rounds\n  consistency: " + name) ==
               "job.yaml:17:16: " + with(rounds, "{}", name));
    BOOST_TEST(said("rounds\n  consistency: {name: " + name + "}") ==
               "job.yaml:17:23: " + with(rounds, "{}", name));
  }
  BOOST_TEST(said("shared\n  consistency: synchronous") ==
             "job.yaml:17:16: protocol 'shared' goes with consistency asynchronous, not with "
             "'synchronous': its workers commit nothing that anybody could wait for");
  BOOST_TEST(said("shared\n  consistency: asynchronous") == "");
  BOOST_TEST(said("shared") == "");
  BOOST_TEST(said("adag\n  consistency: synchronous") == "");
}

BOOST_AUTO_TEST_CASE(a_round_needs_a_commit) {
  const auto with_backups = [](int backups, int workers) {
    return said(
        "adag\n  consistency: {name: synchronous, backup_workers: " + std::to_string(backups) + "}",
        {"actors.workers=" + std::to_string(workers)});
  };
  BOOST_TEST(with_backups(2, 3) == "");
  BOOST_TEST(with_backups(3, 3) ==
             "job.yaml:17:52: 'backup_workers' must be below the number of workers, 3: a round "
             "needs one commit at least");
  BOOST_TEST(with_backups(0, 1) == "");
  BOOST_TEST(with_backups(1, 1) != "");
}

BOOST_AUTO_TEST_CASE(overlap_is_for_those_who_can_train_on) {
  const auto with_overlap = [](const std::string& optimizer) {
    return said(optimizer + "\n  overlap: true", {"actors.workers=2"});
  };
  BOOST_TEST(with_overlap("adag") == "");
  BOOST_TEST(with_overlap("adag\n  consistency: {name: bounded, staleness: 1}") == "");
  BOOST_TEST(with_overlap("adag\n  consistency: synchronous") ==
             "job.yaml:18:12: 'overlap' does not go with consistency synchronous: everybody starts "
             "a round from the centre of the last one");
  BOOST_TEST(with_overlap("shared") ==
             "job.yaml:17:12: 'overlap' does not go with protocol 'shared': its workers wait for "
             "no answer");
  BOOST_TEST(!parsed("adag").optimizer.overlap);
  const job alone = parsed("adag", {"optimizer.overlap=true", "actors.workers=1"});
  BOOST_TEST(!setup_of(alone, prepared(), 1).overlap);
  const job two = parsed("adag", {"optimizer.overlap=true", "actors.workers=2"});
  BOOST_TEST(setup_of(two, prepared(), 1).overlap);
  BOOST_TEST(to_yaml(two).find("overlap: true") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(compression_follows_what_a_protocol_sends) {
  for (const std::string name : {"none", "rounding", "sparse"}) {
    BOOST_TEST(said("adag\n  compression: " + name) == "");
  }
  BOOST_TEST(said("whole\n  compression: rounding") == "");
  const std::string parameters = said("whole\n  compression: {name: sparse}");
  BOOST_TEST(parameters.find("job.yaml:17:23: protocol 'whole' takes compression none") == 0u);
  BOOST_TEST(parameters.find("rounding, not 'sparse': its workers send whole parameters, which may "
                             "be rounded but not left out") != std::string::npos);
  for (const std::string name : {"rounding", "sparse"}) {
    BOOST_TEST(said("shared\n  compression: " + name) ==
               "job.yaml:17:16: protocol 'shared' takes compression none, not '" + name +
                   "': its workers send the model itself, which travels exactly");
  }
  BOOST_TEST(said("shared\n  compression: none") == "");
}

BOOST_AUTO_TEST_CASE(shared_memory_is_on_one_node) {
  const std::string one = "{name: a, workers: 2, parameter_servers: 1, data_shards: 1}";
  BOOST_TEST(said("shared", {"cluster.nodes=[" + one + ", {name: b, data_shards: 1}]"}) == "");
  BOOST_TEST(
      said("shared", {"cluster.nodes=[" + one + ", {name: b, workers: 1}]"})
          .find("protocol 'shared' wants all workers on one node, not on 2: those of different "
                "processes share no memory") != std::string::npos);
  BOOST_TEST(said("adag", {"cluster.nodes=[" + one + ", {name: b, workers: 1}]"}) == "");
}

BOOST_AUTO_TEST_CASE(what_protocols_recommend_is_a_sound_job) {
  for (const protocol_entry& protocol : known().protocols.entries()) {
    std::string text = with(sound_job, "protocol: adag", "protocol: " + protocol.name);
    text = with(text, "  gradient_rule: {name: adam, learning_rate: 0.001}\n", "");
    std::vector<std::string> overrides = {
        "data.rows=100", protocol.most_workers == 1 ? "actors.workers=1" : "actors.workers=4"};
    for (const auto& [key, value] : protocol.recommended) overrides.push_back(key + "=" + value);
    BOOST_TEST_CONTEXT(protocol.name) {
      BOOST_TEST(complaint(text, overrides) == "");
      for (const std::string& warning : check(parse(text, overrides), known())) {
        BOOST_TEST(warning == "");
      }
      const std::string written = to_yaml(parse(text, overrides));
      BOOST_TEST(to_yaml(parse(written)) == written);
      for (const std::string& name : protocol.consistencies) {
        BOOST_TEST(complaint(text, {overrides[1], "optimizer.consistency=" + name}) == "");
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
