#include <boost/test/unit_test.hpp>

#include "optimizers/codec_cases.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

const registry<codec_entry> known = builtin_codecs();

/// Sends `values` of the slice at `first`; what the other side reads.
std::vector<float> send(error_feedback& feedback, codec& with, std::vector<float> values,
                        std::size_t first = 0, std::uint64_t window = 0) {
  wire_bytes out(with.most_bytes(values.size()));
  feedback.encode(with, first, values, key_of(window), out);
  return values;
}

/// What is left: all of it travels where nothing is compressed.
std::vector<float> residual(error_feedback& feedback, std::size_t count, std::size_t first = 0) {
  return send(feedback, *codec_for("none"), std::vector<float>(count, 0.0f), first);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(error_feedback_of_commits)

BOOST_AUTO_TEST_CASE(worked_by_hand) {
  const auto with = codec_for("top_k", {{"ratio", 0.5}});
  error_feedback feedback(2, true);
  BOOST_TEST((send(feedback, *with, {3, 2}) == std::vector<float>{3, 0}));
  BOOST_TEST((send(feedback, *with, {3, 2}) == std::vector<float>{0, 4}));
  BOOST_TEST((send(feedback, *with, {-2, 0}) == std::vector<float>{1, 0}));
  BOOST_TEST((send(feedback, *with, {0, -0.5f}) == std::vector<float>{0, -0.5f}));
  BOOST_TEST((residual(feedback, 2) == std::vector<float>{0, 0}));
}

BOOST_AUTO_TEST_CASE(values_become_what_the_other_side_reads) {
  for (const codec_entry& entry : known.entries()) {
    for (const bool kept : {true, false}) {
      BOOST_TEST_CONTEXT(entry.name << (kept ? ", kept" : ", not kept")) {
        const auto with = codec_for(entry.name), reader = codec_for(entry.name);
        error_feedback feedback(1000, kept);
        for (std::uint64_t window = 0; window < 5; ++window) {
          std::vector<float> values = normal_slice(1000, window, 0.01);
          wire_bytes out(with->most_bytes(1000));
          out.resize(feedback.encode(*with, 0, values, key_of(window), out));
          bool taken = false;
          BOOST_TEST((decoded(*reader, out, 1000, key_of(window), taken) == values));
          BOOST_TEST(taken);
        }
      }
    }
  }
}

// Over 100 commits what arrived and what is left are together what was sent, but for rounding: each
// commit rounds twice, by half of 2^-23 of numbers below 2^9.
BOOST_AUTO_TEST_CASE(nothing_is_lost_over_many_commits) {
  constexpr std::size_t n = 700;
  constexpr double rounding = 100 * 2 * 0x1p-24 * 512;
  for (const codec_entry& entry : known.entries()) {
    BOOST_TEST_CONTEXT(entry.name) {
      const auto with = codec_for(entry.name);
      error_feedback feedback(n, true);
      std::vector<double> given(n, 0.0), arrived(n, 0.0);
      for (std::uint64_t window = 0; window < 100; ++window) {
        const std::vector<float> values = normal_slice(n, window);
        const std::vector<float> read = send(feedback, *with, values, 0, window);
        for (std::size_t i = 0; i < n; ++i) {
          given[i] += static_cast<double>(values[i]);
          arrived[i] += static_cast<double>(read[i]);
        }
      }
      const std::vector<float> left = residual(feedback, n);
      double worst = 0;
      for (std::size_t i = 0; i < n; ++i) {
        worst = std::max(worst, std::abs(arrived[i] + static_cast<double>(left[i]) - given[i]));
      }
      BOOST_TEST(worst <= rounding);
      BOOST_TEST(all_bounded(left));
    }
  }
}

BOOST_AUTO_TEST_CASE(what_did_not_arrive_is_sent_again) {
  for (const codec_entry& entry : known.entries()) {
    BOOST_TEST_CONTEXT(entry.name) {
      const auto with = codec_for(entry.name);
      const std::vector<float> values = normal_slice(300, 1);
      error_feedback feedback(300, true);
      const std::vector<float> sent = send(feedback, *with, values);
      feedback.restore(0, sent);
      const std::vector<float> left = residual(feedback, 300);
      for (std::size_t i = 0; i < 300; ++i) {
        BOOST_TEST(std::abs(left[i] - values[i]) <= 0x1p-21f);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(not_kept_nothing_comes_back) {
  const auto with = codec_for("top_k", {{"ratio", 0.5}});
  error_feedback feedback(2, false);
  const std::vector<float> sent = send(feedback, *with, {3, 2});
  BOOST_TEST((sent == std::vector<float>{3, 0}));
  feedback.restore(0, sent);
  BOOST_TEST((send(feedback, *with, {1, 2}) == std::vector<float>{0, 2}));
  BOOST_TEST((residual(feedback, 2) == std::vector<float>{0, 0}));
}

BOOST_AUTO_TEST_CASE(slices_do_not_mix) {
  const auto with = codec_for("top_k", {{"ratio", 0.1}});
  error_feedback feedback(6, true);
  BOOST_TEST((send(feedback, *with, {1, 2}, 0) == std::vector<float>{0, 2}));
  BOOST_TEST((send(feedback, *with, {7, 3, 5}, 2) == std::vector<float>{7, 0, 0}));
  feedback.restore(2, std::vector<float>{7, 0, 0});
  BOOST_TEST((residual(feedback, 2, 0) == std::vector<float>{1, 0}));
  BOOST_TEST((residual(feedback, 4, 2) == std::vector<float>{7, 3, 5, 0}));
}

/// Refuses what it wrote.
class refusing : public codec {
 public:
  std::size_t most_bytes(std::size_t) const override { return 0; }
  std::size_t encode(span<const float>, const codec_key&, span<std::byte>) override { return 0; }
  bool decode(span<const std::byte>, const codec_key&, span<float>) override { return false; }
};

BOOST_AUTO_TEST_CASE(what_the_other_side_refuses_is_no_number) {
  refusing with;
  error_feedback feedback(3, false);
  for (const float x : send(feedback, with, {1, 2, 3})) BOOST_TEST(!std::isfinite(x));
}

// x <- x + decode(code(-a h x + e)) for h from 0.25 to 1: with error feedback x follows gradient
// descent, x(t) = (1 - a h)^t x(0), at a distance that shrinks with x (for `threshold`: of about
// its value). With a = 0.004 and 8000 commits (1 - a h)^t is below e^-8.
BOOST_AUTO_TEST_CASE(a_bowl_is_descended_with_every_compression) {
  constexpr std::size_t n = 400;
  constexpr float rate = 0.004f;
  for (const codec_entry& entry : known.entries()) {
    BOOST_TEST_CONTEXT(entry.name) {
      const auto with = codec_for(entry.name);
      error_feedback feedback(n, true);
      std::vector<float> x = normal_slice(n, 5), d(n);
      wire_bytes out(with->most_bytes(n));
      for (std::uint64_t window = 0; window < 8000; ++window) {
        for (std::size_t i = 0; i < n; ++i) {
          const float h = 0.25f + 0.75f * static_cast<float>(i) / n;
          d[i] = -rate * h * x[i];
        }
        feedback.encode(*with, 0, d, key_of(window), out);
        for (std::size_t i = 0; i < n; ++i) x[i] += d[i];
      }
      float farthest = 0;
      for (const float at : x) farthest = std::max(farthest, std::abs(at));
      BOOST_TEST(farthest < 0.01f);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
