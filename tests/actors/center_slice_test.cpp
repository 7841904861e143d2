#include "troupe/actors/center_slice.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "actors/slice_talk.hpp"
#include "troupe/base/random.hpp"

using namespace troupe;

namespace {

using kind = schema::Verdict::Kind;
using floats = std::vector<float>;

constexpr std::size_t count = 4;
const slice_range range{6, 96, count};

template <class Entry>
Entry entry_of(const registry<Entry>& known, const std::string& name) {
  return known.at(name, "", "name");
}

center_slice make_slice(const std::string& protocol, std::uint64_t version = 0,
                        const settings& options = {}) {
  auto plan = std::make_shared<run_plan>();
  plan->protocol = entry_of(builtin_protocols(), protocol);
  plan->setup.options = resolve(plan->protocol.options, options, {}, protocol);
  plan->setup.workers = 5;
  plan->consistency = entry_of(builtin_consistencies(), "asynchronous");
  plan->compression = entry_of(builtin_codecs(), "none");
  for (std::uint32_t i = 0; i <= range.index; ++i) plan->slices.push_back({i, 16 * i, count});
  const floats start{1, 2, 3, 4};
  return {plan, std::make_shared<center_slice::codecs>(plan),
          *testing::install_of(range.index, version, start), false};
}

struct commit_facts {
  std::uint32_t worker = 0;
  std::uint32_t incarnation = 0;
  std::uint64_t sequence = 1;
  std::uint64_t base = 0;
  floats payload = {1, 1, 1, 1};
  std::string codec = "";
};

commit_msg commit(const commit_facts& facts) {
  wire_builder<schema::Commit> out;
  out->setSlice(range.index);
  out->setWorker(facts.worker);
  out->setIncarnation(facts.incarnation);
  out->setSequence(facts.sequence);
  out->setBaseVersion(facts.base);
  out->setMiniBatches(1);
  out->setRows(16);
  out->setCodec(facts.codec);
  const auto to = out.floats(facts.payload.size(), [&](auto&& d) { out->adoptPayload(kj::mv(d)); });
  std::copy(facts.payload.begin(), facts.payload.end(), to.begin());
  return std::move(out).finish();
}

center_slice::answer give(center_slice& slice, const commit_facts& facts) {
  const center_slice::answers answers = slice.commit(commit(facts));
  BOOST_TEST_REQUIRE(answers.size() == 1u);
  BOOST_TEST(answers[0].worker == facts.worker);
  return answers[0];
}

kind kind_of(const center_slice::answer& a) {
  return (*a.verdict).getKind();
}

floats values(const center_msg& center) {
  const auto all = floats_of((*center).getPayload());
  return {all.begin(), all.end()};
}

/// The reason of a refusal; the slice must be as it was.
std::string refusal(center_slice& slice, const commit_facts& facts) {
  const center_msg before = slice.center();
  const std::uint64_t version = slice.version();
  const center_slice::answer a = give(slice, facts);
  BOOST_TEST((kind_of(a) == kind::REFUSED));
  BOOST_TEST((*a.verdict).getSequence() == facts.sequence);
  BOOST_TEST((*a.verdict).getSlice() == range.index);
  BOOST_TEST(a.center.empty());
  BOOST_TEST((slice.center() == before));
  BOOST_TEST(slice.version() == version);
  return std::string((*a.verdict).getReason().cStr());
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(center_slices)

BOOST_AUTO_TEST_CASE(a_slice_starts_with_its_values_and_version) {
  const center_slice slice = make_slice("downpour", 7);
  BOOST_TEST(slice.version() == 7u);
  BOOST_TEST((*slice.center()).getVersion() == 7u);
  BOOST_TEST((*slice.center()).getSlice() == range.index);
  BOOST_TEST((values(slice.center()) == floats{1, 2, 3, 4}));
}

BOOST_AUTO_TEST_CASE(a_commit_makes_the_next_version_and_old_ones_stay) {
  center_slice slice = make_slice("downpour", 7);
  const center_msg first = slice.center();
  const center_slice::answer a = give(slice, {0, 0, 1, 7, {1, -1, 0, 10}});
  BOOST_TEST((kind_of(a) == kind::APPLIED));
  BOOST_TEST((*a.verdict).getSequence() == 1u);
  BOOST_TEST((*a.verdict).getSlice() == range.index);
  BOOST_TEST((*a.verdict).getStaleness() == 0u);
  BOOST_TEST(slice.version() == 8u);
  BOOST_TEST((*a.center).getVersion() == 8u);
  BOOST_TEST((values(a.center) == floats{2, 1, 3, 14}));
  // The answer is the centre itself; whoever still reads the one before is not disturbed.
  BOOST_TEST((a.center == slice.center()));
  BOOST_TEST((values(first) == floats{1, 2, 3, 4}));
}

BOOST_AUTO_TEST_CASE(a_repeat_changes_nothing_and_gets_the_latest_centre) {
  center_slice slice = make_slice("downpour");
  give(slice, {0, 0, 1, 0});
  give(slice, {1, 0, 1, 0});
  const center_msg latest = slice.center();
  const center_slice::answer a = give(slice, {0, 0, 1, 0});
  BOOST_TEST((kind_of(a) == kind::REPEAT));
  BOOST_TEST((*a.verdict).getSequence() == 1u);
  BOOST_TEST((a.center == latest));
  BOOST_TEST((slice.center() == latest));
  BOOST_TEST(slice.version() == 2u);
  // An older one that lost its way, too.
  give(slice, {0, 0, 5, 2});
  BOOST_TEST((kind_of(give(slice, {0, 0, 3, 2})) == kind::REPEAT));
  BOOST_TEST(slice.version() == 3u);
  // Another worker's sequence is another matter.
  BOOST_TEST((kind_of(give(slice, {2, 0, 1, 3})) == kind::APPLIED));
}

BOOST_AUTO_TEST_CASE(an_elastic_commit_is_answered_with_the_centre_before_it) {
  center_slice slice = make_slice("aeasgd", 3, {{"alpha", 0.5}});
  const center_slice::answer a = give(slice, {0, 0, 1, 3, {3, 2, 3, 4}});
  BOOST_TEST((kind_of(a) == kind::APPLIED));
  BOOST_TEST((values(a.center) == floats{1, 2, 3, 4}));
  BOOST_TEST((*a.center).getVersion() == 3u);
  BOOST_TEST((values(slice.center()) == floats{2, 2, 3, 4}));
  BOOST_TEST(slice.version() == 4u);
  // A repeat gets the latest: the one it met is gone.
  const center_slice::answer again = give(slice, {0, 0, 1, 3, {3, 2, 3, 4}});
  BOOST_TEST((kind_of(again) == kind::REPEAT));
  BOOST_TEST((again.center == slice.center()));
}

BOOST_AUTO_TEST_CASE(an_earlier_incarnation_is_fenced) {
  center_slice slice = make_slice("downpour");
  give(slice, {0, 0, 4, 0});
  // The worker came back: its sequence starts anew.
  BOOST_TEST((kind_of(give(slice, {0, 1, 1, 1})) == kind::APPLIED));
  const center_msg before = slice.center();
  for (const std::uint64_t sequence : {4, 5, 100}) {
    const center_slice::answer a = give(slice, {0, 0, sequence, 1});
    BOOST_TEST((kind_of(a) == kind::FENCED));
    BOOST_TEST((*a.verdict).getSequence() == sequence);
    BOOST_TEST(a.center.empty());
    BOOST_TEST((slice.center() == before));
  }
  BOOST_TEST((kind_of(give(slice, {0, 1, 2, 2})) == kind::APPLIED));
  // Others are not concerned.
  BOOST_TEST((kind_of(give(slice, {1, 0, 1, 2})) == kind::APPLIED));
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_refused_and_changes_nothing) {
  center_slice slice = make_slice("downpour", 5);
  commit_facts facts{0, 0, 1, 5};
  facts.codec = "int8";
  BOOST_TEST(contains(refusal(slice, facts), "encoded as 'int8', the run uses 'none'"));
  facts.codec = "";
  for (const std::size_t size : {0, 3, 5, 100}) {
    facts.payload.assign(size, 1.0f);
    BOOST_TEST(contains(refusal(slice, facts), "the payload has " + std::to_string(size * 4)));
  }
  facts.payload.assign(count, 1.0f);
  for (const std::uint64_t base : {std::uint64_t{6}, ~std::uint64_t{0}}) {
    facts.base = base;
    BOOST_TEST(contains(refusal(slice, facts), "the slice is at 5"));
  }
  // None of them counted: the same sequence is still to be applied.
  facts.base = 5;
  BOOST_TEST((kind_of(give(slice, facts)) == kind::APPLIED));
}

BOOST_AUTO_TEST_CASE(a_payload_of_odd_bytes_is_refused) {
  center_slice slice = make_slice("downpour");
  wire_builder<schema::Commit> out;
  out->setSlice(range.index);
  out->setSequence(1);
  out->initPayload(count * sizeof(float) + 1);
  const auto a = slice.commit(std::move(out).finish());
  BOOST_TEST((kind_of(a[0]) == kind::REFUSED));
  BOOST_TEST(slice.version() == 0u);
}

BOOST_AUTO_TEST_CASE(numbers_that_are_not_finite_are_refused_by_every_protocol) {
  for (const char* protocol : {"sequential", "downpour", "adag", "dynsgd", "aeasgd"}) {
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
          -std::numeric_limits<float>::infinity()}) {
      for (std::size_t i = 0; i < count; ++i) {
        center_slice slice = make_slice(protocol);
        commit_facts facts;
        facts.payload[i] = bad;
        BOOST_TEST(contains(refusal(slice, facts), "not finite"));
        BOOST_TEST((*give(slice, facts).verdict).getNotFinite());
        facts.payload[i] = 1;
        BOOST_TEST((kind_of(give(slice, facts)) == kind::APPLIED));
      }
    }
  }
  BOOST_TEST(!(*make_refusal(1, 2, "x")).getNotFinite());
}

BOOST_AUTO_TEST_CASE(staleness_counts_the_commits_of_others_alone) {
  // Workers start windows from the latest centre, from their last answer or from one of the two
  // before (windows trained meanwhile); a log of who made which version says what tau is.
  center_slice slice = make_slice("dynsgd", 10);
  std::vector<std::uint32_t> log(10, 99);
  const random_stream random(4, random_purpose::test);
  std::vector<std::vector<std::uint64_t>> bases(5, {10, 10, 10});
  std::vector<std::uint64_t> sequence(5, 0);
  std::uint64_t most = 0;
  for (std::uint64_t t = 0; t < 600; ++t) {
    const auto worker = static_cast<std::uint32_t>(random.below(3 * t, 5));
    std::vector<std::uint64_t>& known = bases[worker];
    if (random.below(3 * t + 1, 3) == 0) known.back() = slice.version();  // it pulled
    const std::uint64_t base = known[known.size() - 1 - random.below(3 * t + 2, 3)];
    const auto tau = static_cast<std::uint64_t>(
        std::count_if(log.begin() + static_cast<std::ptrdiff_t>(base), log.end(),
                      [&](std::uint32_t who) { return who != worker; }));
    const auto a = give(slice, {worker, 0, ++sequence[worker], base, {0, 0, 0, 0}});
    BOOST_TEST_REQUIRE((kind_of(a) == kind::APPLIED));
    BOOST_TEST((*a.verdict).getStaleness() == tau);
    most = std::max(most, tau);
    log.push_back(worker);
    known.erase(known.begin());
    known.push_back(slice.version());
    BOOST_TEST(slice.version() == log.size());
  }
  BOOST_TEST(most > 5u);
}

BOOST_AUTO_TEST_CASE(dynsgd_uses_that_staleness) {
  center_slice slice = make_slice("dynsgd");
  give(slice, {0, 0, 1, 0, {1, 1, 1, 1}});
  give(slice, {1, 0, 1, 0, {1, 1, 1, 1}});  // tau 1
  BOOST_TEST((values(slice.center()) == floats{2.5, 3.5, 4.5, 5.5}));
  give(slice, {0, 0, 2, 1, {4, 4, 4, 4}});  // tau 1: worker 1's alone
  BOOST_TEST((values(slice.center()) == floats{4.5, 5.5, 6.5, 7.5}));
}

BOOST_AUTO_TEST_CASE(a_repeat_does_not_age_others) {
  center_slice slice = make_slice("dynsgd");
  give(slice, {0, 0, 1, 0});
  give(slice, {0, 0, 1, 0});
  give(slice, {0, 0, 1, 0});
  BOOST_TEST((*give(slice, {1, 0, 1, 0}).verdict).getStaleness() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
