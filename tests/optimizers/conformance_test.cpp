// What every protocol of the registry must do, also one that is added later.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <set>
#include <vector>

#include "optimizers/conversation.hpp"
#include "troupe/base/random.hpp"
#include "troupe/optimizers/consistency.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

constexpr std::size_t parameters = 50;
constexpr int events = 12000;

float target(std::size_t i) {
  return std::sin(static_cast<float>(i) * 1.3f);
}

void valley(span<const float> x, span<float> g) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    g[i] = (0.5f + static_cast<float>(i) / parameters) * (x[i] - target(i));
  }
}

/// What the protocols of a crowd train with: sgd at a rate that suits the valley.
protocol_setup gentle(const protocol_entry& entry, std::uint32_t workers, std::uint32_t window) {
  protocol_setup setup = setup_for(entry, workers, window);
  setup.rule = rule_of("sgd", {{"learning_rate", 0.05}});
  return setup;
}

/// Workers that step, send, wait and go on in a random order; each slice of a commit and of an
/// answer travels on its own. Now and then an answer is lost and the commit is sent again. With
/// overlap they wait only where the window before is not answered when one closes.
class crowd {
 public:
  crowd(const protocol_entry& entry, std::uint64_t seed, double lost, bool overlap = false)
      : entry_(entry),
        overlap_(overlap),
        workers_(workers_of(entry)),
        talk_(entry, gentle(entry, workers_, 3), std::vector<float>(parameters, 2.0f), 16),
        random_(seed, random_purpose::test),
        lost_(lost),
        under_way_(workers_),
        closing_(workers_) {}

  const std::vector<float>& run() {
    for (int i = 0; i < events; ++i) event(draw(workers_));
    // Whatever is still under way arrives, as at the end of a run.
    for (std::size_t k = 0; k < workers_; ++k) {
      while (!under_way_[k].empty()) travel(k);
    }
    return talk_.center();
  }

  bool finite() const { return talk_.finite(); }
  int closed() const { return closed_; }
  int resent() const { return resent_; }

 private:
  struct flight {
    std::size_t slice = 0;
    bool delivered = false;
  };
  static std::uint32_t workers_of(const protocol_entry& entry) {
    if (entry.separate_models) return 1;  // one conversation is about one model
    return entry.most_workers ? std::min(entry.most_workers, 3u) : 3u;
  }
  std::uint64_t draw(std::uint64_t bound) { return random_.below(drawn_++, bound); }
  bool chance(double share) { return static_cast<double>(draw(1000)) < share * 1000; }

  void event(std::size_t k) {
    const bool answered = under_way_[k].empty();
    const bool trains = overlap_ ? !closing_[k] && (answered || chance(0.3)) : answered;
    if (trains) {
      const intent wants = talk_.step(k, valley);
      BOOST_TEST_REQUIRE(
          ((wants == intent::publish) != entry_.counts_commits || wants == intent::none));
      // Rows run out here and there: a window may be closed early.
      if (wants != intent::none || chance(0.05)) closing_[k] = true;
    } else if (!answered) {
      travel(k);
    }
    if (closing_[k] && under_way_[k].empty()) close(k);
  }

  void close(std::size_t k) {
    ++closed_;
    closing_[k] = false;
    overlap_ ? talk_.send_and_go_on(k) : talk_.send(k);
    for (std::size_t s = 0; s < talk_.slices(); ++s) under_way_[k].push_back({s, false});
  }

  void travel(std::size_t k) {
    std::vector<flight>& flights = under_way_[k];
    const std::size_t at = draw(flights.size());
    flight& one = flights[at];
    if (!one.delivered) {
      talk_.deliver(k, one.slice);
      one.delivered = true;
    } else if (chance(lost_)) {
      one.delivered = false;
      ++resent_;
    } else {
      if (!overlap_) talk_.receive(k, one.slice);
      flights.erase(flights.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }

  const protocol_entry& entry_;
  bool overlap_;
  std::uint32_t workers_;
  conversation talk_;
  random_stream random_;
  double lost_;
  std::uint64_t drawn_ = 0;
  std::vector<std::vector<flight>> under_way_;
  std::vector<bool> closing_;
  int closed_ = 0, resent_ = 0;
};

/// The same in synchronous rounds: each of three workers trains a share of the round, which may be
/// nothing; now and then one is late, so that the round goes on without it.
class rounds {
 public:
  rounds(const protocol_entry& entry, std::uint64_t seed, double late)
      : talk_(entry, in_rounds(entry), std::vector<float>(parameters, 2.0f), 16),
        most_(entry.has_window ? 5 : 2),
        random_(seed, random_purpose::test),
        late_(late) {}

  const std::vector<float>& run() {
    for (int t = 0; t < 2000; ++t) {
      std::vector<std::size_t> here, behind;
      for (std::size_t k = 0; k < 3; ++k) {
        const std::uint64_t steps = draw(most_ + 1);
        for (std::uint64_t i = 0; i < steps; ++i) talk_.step(k, valley, 1 + draw(4));
        const bool late = behind.empty() && static_cast<double>(draw(1000)) < late_ * 1000;
        (late ? behind : here).push_back(k);
      }
      talk_.round(here);
      for (const std::size_t k : behind) talk_.come_late(k);
    }
    return talk_.center();
  }

  bool finite() const { return talk_.finite(); }

 private:
  static protocol_setup in_rounds(const protocol_entry& entry) {
    protocol_setup setup = gentle(entry, 3, entry.has_window ? 3 : 1);
    setup.synchronous = true;
    return setup;
  }
  std::uint64_t draw(std::uint64_t bound) { return random_.below(drawn_++, bound); }

  conversation talk_;
  std::uint64_t most_;
  random_stream random_;
  double late_;
  std::uint64_t drawn_ = 0;
};

/// The largest distance from the minimum; the start is at least 1 away everywhere.
double distance(const std::vector<float>& x) {
  double most = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    most = std::max(most, static_cast<double>(std::abs(x[i] - target(i))));
  }
  return most;
}

const registry<protocol_entry> known = builtin_protocols();

}  // namespace

BOOST_AUTO_TEST_SUITE(protocol_conformance)

BOOST_AUTO_TEST_CASE(every_protocol_finds_the_minimum_in_any_order) {
  for (const protocol_entry& entry : known.entries()) {
    if (!goes_with(entry, "asynchronous")) continue;
    for (const std::uint64_t seed : {1, 2, 3}) {
      BOOST_TEST_CONTEXT(entry.name << ", seed " << seed) {
        crowd workers(entry, seed, 0);
        BOOST_TEST(distance(workers.run()) < 0.01);
        BOOST_TEST(workers.finite());
        BOOST_TEST(workers.closed() > 100);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(every_protocol_survives_lost_answers) {
  for (const protocol_entry& entry : known.entries()) {
    if (!goes_with(entry, "asynchronous")) continue;
    for (const std::uint64_t seed : {1, 2, 3}) {
      BOOST_TEST_CONTEXT(entry.name << ", seed " << seed) {
        crowd workers(entry, seed, 0.2);
        BOOST_TEST(distance(workers.run()) < 0.01);
        BOOST_TEST(workers.finite());
        BOOST_TEST(workers.resent() > 100);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(protocols_find_the_minimum_with_overlap) {
  for (const protocol_entry& entry : known.entries()) {
    if (!entry.overlaps) continue;
    for (const double lost : {0.0, 0.2}) {
      BOOST_TEST_CONTEXT(entry.name << ", lost " << lost) {
        crowd workers(entry, 6, lost, true), again(entry, 6, lost, true);
        const std::vector<float> center = workers.run();
        BOOST_TEST(distance(center) < 0.01);
        BOOST_TEST(workers.finite());
        BOOST_TEST(workers.closed() > 100);
        BOOST_TEST((again.run() == center));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(the_same_order_gives_the_same_bits) {
  for (const protocol_entry& entry : known.entries()) {
    if (!goes_with(entry, "asynchronous")) continue;
    BOOST_TEST_CONTEXT(entry.name) {
      crowd first(entry, 5, 0.1), second(entry, 5, 0.1);
      BOOST_TEST((first.run() == second.run()));
    }
  }
}

BOOST_AUTO_TEST_CASE(every_protocol_finds_the_minimum_in_rounds) {
  for (const protocol_entry& entry : known.entries()) {
    if (!goes_with(entry, "synchronous")) continue;
    for (const double late : {0.0, 0.2}) {
      BOOST_TEST_CONTEXT(entry.name << ", late " << late) {
        rounds first(entry, 4, late), second(entry, 4, late);
        const std::vector<float> center = first.run();
        BOOST_TEST(distance(center) < 0.01);
        BOOST_TEST(first.finite());
        BOOST_TEST((second.run() == center));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(every_protocol_goes_with_something) {
  const registry<consistency_entry> consistencies = builtin_consistencies();
  for (const protocol_entry& entry : known.entries()) {
    BOOST_TEST_CONTEXT(entry.name) {
      BOOST_TEST(!entry.consistencies.empty());
      for (const std::string& name : entry.consistencies) {
        BOOST_TEST(consistencies.find(name) != nullptr);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(every_protocol_and_option_is_documented) {
  std::set<std::string> names;
  for (const protocol_entry& entry : known.entries()) {
    BOOST_TEST_CONTEXT(entry.name) {
      BOOST_TEST(names.insert(entry.name).second);
      for (const std::string& alias : entry.aliases) BOOST_TEST(names.insert(alias).second);
      BOOST_TEST(entry.summary.size() > 20u);
      BOOST_TEST(entry.summary.back() == '.');
      BOOST_TEST(!entry.source.empty());
      BOOST_TEST(entry.default_window > 0u);
      for (const setting& option : entry.options) {
        BOOST_TEST_CONTEXT(option.name) {
          BOOST_TEST(option.meaning.size() > 10u);
          if (option.fallback) BOOST_TEST(misfit(option, *option.fallback) == "");
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(defaults_pass_the_check_for_any_number_of_workers) {
  for (const protocol_entry& entry : known.entries()) {
    for (const std::uint32_t workers : {1u, 2u, 8u, 64u}) {
      if (entry.most_workers && workers > entry.most_workers) continue;
      if (!entry.check) continue;
      protocol_setup setup = setup_for(entry, workers, entry.default_window);
      for (const std::string& consistency : entry.consistencies) {
        setup.synchronous = consistency == "synchronous";
        BOOST_TEST(entry.check(setup) == "");
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
