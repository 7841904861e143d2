#include <boost/test/unit_test.hpp>
#include <functional>
#include <set>
#include <string>

#include "optimizers/conversation.hpp"
#include "troupe/base/error.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

const registry<protocol_entry> known = builtin_protocols();

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// What is wrong with these options; empty: nothing.
std::string refusal(const std::string& name, const settings& options, std::uint32_t workers = 2,
                    const std::function<void(protocol_setup&)>& change = {}) {
  const protocol_entry& entry = known.at(name, "", "protocol");
  try {
    protocol_setup setup = setup_for(entry, workers, 1, options);
    if (change) change(setup);
    return entry.check ? entry.check(setup) : "";
  } catch (const error& e) {
    BOOST_TEST((e.kind() == error_kind::job));
    return e.what();
  }
}

std::vector<std::string> warnings(const std::string& name, std::uint32_t workers,
                                  const settings& options = {}, bool synchronous = false) {
  const protocol_entry& entry = known.at(name, "", "protocol");
  if (!entry.warnings) return {};
  protocol_setup setup = setup_for(entry, workers, 5, options);
  setup.synchronous = synchronous || setup.synchronous;
  return entry.warnings(setup);
}

void in_rounds(protocol_setup& setup) {
  setup.synchronous = true;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(protocols_by_name)

BOOST_AUTO_TEST_CASE(the_protocols_are_there) {
  const std::vector<std::string> names = known.names();
  const std::set<std::string> all(names.begin(), names.end());
  for (const char* name :
       {"sequential", "downpour", "adag", "adag_thesis", "dynsgd", "easgd", "aeasgd", "eamsgd",
        "averaging", "diloco", "sync_sgd", "hogwild", "ensemble"}) {
    BOOST_TEST(all.count(name) == 1u);
  }
}

BOOST_AUTO_TEST_CASE(a_protocol_is_found_by_name_and_alias) {
  BOOST_TEST(find_protocol(known, "adag", "").name == "adag");
  BOOST_TEST(find_protocol(known, "agn", "").name == "adag");
  for (const protocol_entry& entry : known.entries()) {
    BOOST_TEST(find_protocol(known, entry.name, "").name == entry.name);
    for (const std::string& alias : entry.aliases) {
      BOOST_TEST(find_protocol(known, alias, "").name == entry.name);
      BOOST_TEST(known.find(alias) == nullptr);
    }
  }
}

BOOST_AUTO_TEST_CASE(an_unknown_name_is_refused_with_a_hint) {
  auto message = [](const std::string& name) -> std::string {
    try {
      find_protocol(known, name, "job.yaml:3:5");
    } catch (const error& e) {
      BOOST_TEST((e.kind() == error_kind::job));
      BOOST_TEST(e.place() == "job.yaml:3:5");
      return e.message();
    }
    return {};
  };
  BOOST_TEST(contains(message("downpuor"), "unknown protocol 'downpuor'"));
  BOOST_TEST(contains(message("downpuor"), "did you mean 'downpour'?"));
  BOOST_TEST(contains(message("wholly_different"), "dynsgd"));
  BOOST_TEST(contains(message(""), "unknown protocol"));
}

BOOST_AUTO_TEST_CASE(elastic_options_must_go_together) {
  BOOST_TEST(refusal("aeasgd", {}) == "");
  BOOST_TEST(refusal("aeasgd", {{"alpha", 0.5}}) == "");
  BOOST_TEST(refusal("aeasgd", {{"alpha", 0.0}}) == "");
  BOOST_TEST(refusal("aeasgd", {{"alpha", 1.0}}) == "");
  BOOST_TEST(refusal("aeasgd", {{"rho", 5.0}, {"learning_rate", 0.1}}) == "");
  BOOST_TEST(contains(refusal("aeasgd", {{"alpha", 0.5}, {"rho", 5.0}}), "either alpha or rho"));
  BOOST_TEST(contains(refusal("aeasgd", {{"alpha", 0.5}, {"learning_rate", 0.1}}), "not both"));
  BOOST_TEST(contains(refusal("aeasgd", {{"rho", 5.0}}), "go together"));
  BOOST_TEST(contains(refusal("aeasgd", {{"learning_rate", 0.1}}), "go together"));
  BOOST_TEST(contains(refusal("aeasgd", {{"rho", 5.0}, {"learning_rate", 0.5}}), "above 1"));
  BOOST_TEST(contains(refusal("aeasgd", {{"alpha", 1.5}}), "alpha"));
  BOOST_TEST(contains(refusal("aeasgd", {{"alpha", -0.1}}), "alpha"));
  BOOST_TEST(contains(refusal("aeasgd", {{"rho", -1.0}, {"learning_rate", 0.1}}), "rho"));
  BOOST_TEST(contains(refusal("aeasgd", {{"rho", 1.0}, {"learning_rate", 0.0}}), "learning_rate"));
}

BOOST_AUTO_TEST_CASE(elastic_relatives_say_alpha_in_one_way) {
  BOOST_TEST(refusal("easgd", {{"beta", 0.5}}) == "");
  BOOST_TEST(refusal("easgd", {{"alpha", 0.5}}) == "");
  BOOST_TEST(contains(refusal("easgd", {{"alpha", 0.5}, {"beta", 0.5}}), "either alpha or beta"));
  BOOST_TEST(contains(refusal("easgd", {{"beta", 2.5}}), "above 1"));
  BOOST_TEST(contains(refusal("easgd", {{"rho", 1.0}}), "rho"));
  BOOST_TEST(refusal("eamsgd", {{"learning_rate", 0.1}}) == "");
  BOOST_TEST(refusal("eamsgd", {{"rho", 5.0}}) == "");  // alpha = 5 x 0.05
  BOOST_TEST(refusal("eamsgd", {{"alpha", 0.5}, {"learning_rate", 0.1}}) == "");
  BOOST_TEST(contains(refusal("eamsgd", {{"alpha", 0.5}, {"rho", 5.0}}), "either alpha or rho"));
  BOOST_TEST(contains(refusal("eamsgd", {{"rho", 25.0}}), "above 1"));
  BOOST_TEST(contains(refusal("eamsgd", {{"momentum", 1.0}}), "momentum"));
  BOOST_TEST(contains(refusal("eamsgd", {{"learning_rate", 0.0}}), "learning_rate"));
}

BOOST_AUTO_TEST_CASE(other_options_have_ranges) {
  BOOST_TEST(contains(refusal("adag_thesis", {{"gamma", 0.0}}), "gamma"));
  BOOST_TEST(contains(refusal("diloco", {{"outer_rate", 0.0}}), "outer_rate"));
  BOOST_TEST(contains(refusal("diloco", {{"outer_momentum", 1.0}}), "outer_momentum"));
  BOOST_TEST(contains(refusal("ensemble", {{"vote", std::string("loud")}}), "vote"));
  BOOST_TEST(contains(refusal("ensemble", {{"data", std::string("half")}}), "data"));
}

BOOST_AUTO_TEST_CASE(a_rule_on_the_server_cannot_clip_the_whole_gradient) {
  BOOST_TEST(refusal("sync_sgd", {}) == "");
  BOOST_TEST(contains(refusal("sync_sgd", {}, 2,
                              [](protocol_setup& setup) {
                                setup.rule = rule_of("adam", {{"clip_norm", 1.0}});
                              }),
                      "clip_norm"));
  BOOST_TEST(refusal("sync_sgd", {}, 2, [](protocol_setup& setup) {
               setup.rule = rule_of("adam", {{"clip_value", 1.0}});
             }) == "");
  BOOST_TEST(contains(refusal("sync_sgd", {}, 2, [](protocol_setup& setup) { setup.window = 2; }),
                      "communication_window"));
  for (const bool clips : {false, true}) {
    const std::string reason = refusal("downpour", {}, 2, [&](protocol_setup& setup) {
      setup.server_rule = rule_of("adagrad", clips ? settings{{"clip_norm", 1.0}} : settings{});
    });
    BOOST_TEST(contains(reason, "clip_norm") == clips);
    BOOST_TEST(reason.empty() == !clips);
  }
  // At the worker it sees all of it.
  BOOST_TEST(refusal("downpour", {}, 2, [](protocol_setup& setup) {
               setup.rule = rule_of("adam", {{"clip_norm", 1.0}});
             }) == "");
}

BOOST_AUTO_TEST_CASE(downpour_in_rounds_has_one_window_and_no_warm_start) {
  const settings windows{{"fetch_window", 2}, {"push_window", 3}};
  BOOST_TEST(refusal("downpour", windows) == "");
  BOOST_TEST(contains(refusal("downpour", windows, 2, in_rounds), "push_window"));
  BOOST_TEST(contains(refusal("downpour", {{"fetch_window", 2}}, 2, in_rounds), "fetch_window"));
  BOOST_TEST(refusal("downpour", {{"fetch_window", 1}, {"push_window", 1}}, 2, in_rounds) == "");
  BOOST_TEST(contains(refusal("downpour", {{"fetch_window", 0}}), "fetch_window"));
  BOOST_TEST(contains(refusal("downpour", {{"push_window", -1}}), "push_window"));
  for (const settings& warm :
       {settings{{"warm_start_rows", 10}}, settings{{"warm_start_seconds", 0.5}}}) {
    BOOST_TEST(refusal("downpour", warm) == "");
    BOOST_TEST(contains(refusal("downpour", warm, 2, in_rounds), "warm start"));
  }
  BOOST_TEST(contains(refusal("downpour", {{"warm_start_rows", 1}, {"warm_start_seconds", 1.0}}),
                      "either warm_start_rows or warm_start_seconds"));
  BOOST_TEST(contains(refusal("downpour", {{"warm_start_seconds", 0.0}}), "warm_start_seconds"));
}

BOOST_AUTO_TEST_CASE(options_of_another_protocol_are_unknown) {
  for (const char* name : {"sequential", "downpour", "adag", "dynsgd"}) {
    BOOST_TEST(contains(refusal(name, {{"alpha", 0.5}}, 1), "alpha"));
  }
  BOOST_TEST(contains(refusal("aeasgd", {{"alhpa", 0.5}}), "did you mean 'alpha'?"));
}

BOOST_AUTO_TEST_CASE(downpour_warns_of_many_workers) {
  BOOST_TEST(warnings("downpour", 1).empty());
  BOOST_TEST(warnings("downpour", 7).empty());
  BOOST_TEST_REQUIRE(warnings("downpour", 8).size() == 1u);
  BOOST_TEST(contains(warnings("downpour", 8)[0], "8 workers"));
  for (const char* name : {"adag", "dynsgd", "aeasgd"}) BOOST_TEST(warnings(name, 64).empty());
}

BOOST_AUTO_TEST_CASE(elastic_protocols_warn_of_exchanges_that_diverge) {
  // (n + 1) alpha >= 2 where all meet the same centre.
  const settings half{{"alpha", 0.5}};
  for (const char* name : {"easgd", "aeasgd", "eamsgd"}) {
    BOOST_TEST_CONTEXT(name) {
      BOOST_TEST(warnings(name, 2, half, true).empty());
      BOOST_TEST_REQUIRE(warnings(name, 3, half, true).size() == 1u);
      BOOST_TEST_REQUIRE(warnings(name, 4, half, true).size() == 1u);
      const std::string text = warnings(name, 4, half, true)[0];
      BOOST_TEST(contains(text, "alpha = 0.5"));
      BOOST_TEST(contains(text, "diverges"));
      BOOST_TEST(contains(text, "here 4"));
      BOOST_TEST(contains(text, "0.5 = rho x learning_rate"));
      // Exactly 2 is the border: the distance neither grows nor shrinks.
      BOOST_TEST(contains(warnings(name, 3, half, true)[0], "swings without end"));
      for (const bool synchronous : {false, true}) {
        if (std::string(name) == "easgd" && !synchronous) continue;
        BOOST_TEST_REQUIRE(warnings(name, 2, {{"alpha", 0.0}}, synchronous).size() == 1u);
      }
      for (const std::uint32_t n : {1u, 2u, 4u, 16u, 64u}) {
        BOOST_TEST(warnings(name, n, {}, true).empty());
      }
    }
  }
  BOOST_TEST(warnings("aeasgd", 16, half).empty());
  BOOST_TEST(warnings("eamsgd", 16, half).empty());
}

BOOST_AUTO_TEST_CASE(consistencies_are_those_a_protocol_is_defined_for) {
  const auto of = [](const char* name) { return known.at(name, "", "protocol").consistencies; };
  for (const char* name : {"downpour", "adag", "adag_thesis", "dynsgd", "aeasgd", "eamsgd"}) {
    BOOST_TEST((of(name) == words{"asynchronous", "bounded", "synchronous"}));
  }
  for (const char* name : {"easgd", "averaging", "diloco", "sync_sgd"}) {
    BOOST_TEST((of(name) == words{"synchronous"}));
  }
  for (const char* name : {"sequential", "ensemble", "hogwild"}) {
    BOOST_TEST((of(name) == words{"asynchronous"}));
  }
}

BOOST_AUTO_TEST_CASE(recommended_settings_are_keys_that_exist) {
  for (const protocol_entry& entry : known.entries()) {
    BOOST_TEST_CONTEXT(entry.name) {
      BOOST_TEST(!entry.recommended.empty());
      for (const auto& [key, value] : entry.recommended) {
        BOOST_TEST(!value.empty());
        const std::string prefix = "optimizer.";
        BOOST_TEST_REQUIRE(key.rfind(prefix, 0) == 0u);
        const std::string name = key.substr(prefix.size());
        const bool option = std::any_of(entry.options.begin(), entry.options.end(),
                                        [&](const setting& s) { return s.name == name; });
        const bool rule = name == "gradient_rule" && entry.rule != rule_place::none;
        const bool window = name == "communication_window" && entry.has_window;
        BOOST_TEST((option || rule || window));
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
