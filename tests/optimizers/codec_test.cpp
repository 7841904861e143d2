// What holds for every compression there is: sizes, errors, determinism, damaged bytes, numbers
// that are not finite. A new one needs a case in `expected_sizes` and `largest_error`.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <functional>
#include <map>
#include <stdexcept>

#include "optimizers/codec_cases.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

const registry<codec_entry> known = builtin_codecs();

std::size_t chosen(double ratio, std::size_t n) {
  if (n == 0) return 0;
  return std::max<std::size_t>(1, static_cast<std::size_t>(ratio * static_cast<double>(n) + 0.5));
}

std::size_t sparse_size(std::size_t n, std::size_t k) {
  return 4 * ((n + 65535) / 65536) + std::min(2 * k, (n + 7) / 8) + 4 * k;
}

/// Bytes on the wire by the formula each entry states, with default options.
std::size_t expected_size(const std::string& name, const std::vector<float>& values) {
  const std::size_t n = values.size();
  const auto large = static_cast<std::size_t>(
      std::count_if(values.begin(), values.end(), [](float v) { return std::abs(v) >= 0.001f; }));
  const std::map<std::string, std::size_t> sizes = {
      {"none", 4 * n},
      {"float16", 2 * n},
      {"bfloat16", 2 * n},
      {"int8", n + 4 * ((n + 255) / 256)},
      {"one_bit", 8 + (n + 7) / 8},
      {"top_k", sparse_size(n, chosen(0.01, n))},
      {"random_k", 4 * chosen(0.01, n)},
      {"threshold", sparse_size(n, large)},
  };
  return sizes.at(name);
}

double mean_of_sign(const std::vector<float>& values, bool negative) {
  double sum = 0, count = 0;
  for (const float v : values) {
    if ((v < 0) != negative) continue;
    sum += static_cast<double>(v);
    count += 1;
  }
  return count == 0 ? 0 : sum / count;
}

/// How far from values[i] what is read may be, for each of them; with default options.
std::vector<double> largest_errors(const std::string& name, const std::vector<float>& values) {
  const std::size_t n = values.size();
  std::vector<double> size(n), out(n);
  for (std::size_t i = 0; i < n; ++i) size[i] = std::abs(static_cast<double>(values[i]));
  if (name == "float16") {
    for (std::size_t i = 0; i < n; ++i) {
      out[i] = size[i] > 65504 ? size[i] - 65504 : std::max(size[i] / 2048, 0x1p-25);
    }
  } else if (name == "bfloat16") {
    for (std::size_t i = 0; i < n; ++i) out[i] = std::max(size[i] / 256, 0x1p-134);
  } else if (name == "int8") {
    for (std::size_t at = 0; at < n; at += 256) {
      const std::size_t end = std::min(at + 256, n);
      const double most = *std::max_element(size.begin() + static_cast<std::ptrdiff_t>(at),
                                            size.begin() + static_cast<std::ptrdiff_t>(end));
      // Scales are floats: rounded, and where subnormal rounded up by one of the smallest steps.
      const double step = most / 127 * (1 + 1e-5) + static_cast<double>(smallest_float);
      for (std::size_t i = at; i < end; ++i) out[i] = most == 0 ? 0 : step / 2;
    }
  } else if (name == "one_bit") {
    const double plus = mean_of_sign(values, false), minus = mean_of_sign(values, true);
    for (std::size_t i = 0; i < n; ++i) {
      const double mean = values[i] < 0 ? minus : plus;
      out[i] = std::abs(static_cast<double>(values[i]) - mean) + std::abs(mean) * 1e-7 +
               static_cast<double>(smallest_float);
    }
  } else if (name == "top_k") {
    if (n == 0) return out;
    std::vector<double> sorted = size;
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    const double kth = sorted[chosen(0.01, n) - 1];
    for (std::size_t i = 0; i < n; ++i) out[i] = size[i] > kth ? 0 : size[i];
  } else if (name == "random_k") {
    out = size;
  } else if (name == "threshold") {
    for (std::size_t i = 0; i < n; ++i)
      out[i] = values[i] < 0.001f && values[i] > -0.001f ? size[i] : 0;
  } else {
    BOOST_TEST(name == "none");
  }
  return out;
}

/// Bytes that are nearly right: some random, some changed in a bit, some cut or extended.
void damage(codec& with, const std::vector<float>& values, std::uint64_t seed) {
  const codec_key key = key_of(seed);
  const std::size_t n = values.size();
  const wire_bytes right = encoded(with, values, key);
  const random_stream stream(seed, random_purpose::test, 1);
  std::uint64_t at = 0;
  auto any = [&](std::size_t bound) { return static_cast<std::size_t>(stream.below(at++, bound)); };
  auto offer = [&](const wire_bytes& bytes) {
    bool taken = false;
    const std::vector<float> read = decoded(with, bytes, n, key, taken);
    if (taken) BOOST_REQUIRE(std::none_of(read.begin(), read.end(), untouched));
    return taken;
  };
  BOOST_TEST(offer(right));
  for (const std::size_t less : {1, 2, 3, 4, 5, 8, 100}) {
    if (less > right.size()) continue;
    BOOST_TEST(!offer({right.begin(), right.end() - static_cast<std::ptrdiff_t>(less)}));
  }
  for (const std::size_t more : {1, 2, 4, 6, 8, 1000}) {
    wire_bytes longer = right;
    longer.resize(right.size() + more);
    BOOST_TEST(!offer(longer));
  }
  offer({});
  for (int turn = 0; turn < 200; ++turn) {
    wire_bytes bytes = right;
    if (turn % 4 == 0) bytes.resize(any(2 * right.size() + 20));
    if (turn % 2 == 0) {
      for (std::byte& b : bytes) b = static_cast<std::byte>(any(256));
    } else if (!bytes.empty()) {
      for (std::size_t bits = 1 + any(4); bits > 0; --bits) {
        bytes[any(bytes.size())] ^= static_cast<std::byte>(1u << any(8));
      }
    }
    offer(bytes);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(codecs)

BOOST_AUTO_TEST_CASE(each_is_described_and_shares_options) {
  const std::vector<std::string> wanted = {"none",    "float16", "bfloat16", "int8",
                                           "one_bit", "top_k",   "random_k", "threshold"};
  BOOST_TEST(known.names() == wanted, boost::test_tools::per_element());
  for (const codec_entry& entry : known.entries()) {
    BOOST_TEST_CONTEXT(entry.name) {
      BOOST_TEST(!entry.summary.empty());
      BOOST_TEST(!entry.source.empty());
      BOOST_TEST(!entry.wire_size.empty());
      BOOST_TEST(!entry.error_bound.empty());
      const settings options = resolve(entry.options, {}, {}, entry.name);
      BOOST_TEST(options.text("answers") == "none");
      BOOST_TEST(options.has("error_feedback") == !entry.lossless);
      if (!entry.lossless) BOOST_TEST(options.boolean("error_feedback"));
      BOOST_TEST(entry.lossless == (entry.name == "none"));
      BOOST_TEST(entry.rounds_only == (entry.lossless || entry.name.find("float16") < 2));
      BOOST_CHECK_THROW(resolve(entry.options, {{"answers", "int8"}}, {}, entry.name), error);
    }
  }
}

BOOST_AUTO_TEST_CASE(answers_are_rounded_or_exact) {
  const std::vector<float> values = {1 + 0x1p-8f, 1 + 0x1p-11f, 65504, 3};
  auto none = make_answer_codec("none"), half = make_answer_codec("float16"),
       upper = make_answer_codec("bfloat16");
  BOOST_TEST((passed(*none, values) == values));
  BOOST_TEST((passed(*half, values) == std::vector<float>{1 + 0x1p-8f, 1, 65504, 3}));
  BOOST_TEST((passed(*upper, values) == std::vector<float>{1, 1, 65536, 3}));
  BOOST_CHECK_THROW(make_answer_codec("top_k"), std::logic_error);
}

BOOST_AUTO_TEST_CASE(options_out_of_range_are_refused) {
  auto refused = [](const std::string& name, const settings& options) {
    BOOST_CHECK_THROW(codec_for(name, options), error);
  };
  for (const char* name : {"top_k", "random_k"}) {
    refused(name, {{"ratio", 0.0}});
    refused(name, {{"ratio", 1.01}});
    refused(name, {{"ratio", -0.5}});
  }
  refused("int8", {{"block", std::int64_t{15}}});
  refused("int8", {{"block", std::int64_t{65537}}});
  refused("threshold", {{"value", 0.0}});
  refused("threshold", {{"value", -1.0}});
  refused("none", {{"error_feedback", true}});
}

BOOST_AUTO_TEST_CASE(sizes_are_what_the_entries_state) {
  for (const codec_entry& entry : known.entries()) {
    const auto with = codec_for(entry.name);
    for (const auto& [what, values] : all_slices()) {
      BOOST_TEST_CONTEXT(entry.name << ", " << what) {
        const std::size_t bytes = encoded(*with, values, key_of(0)).size();
        BOOST_TEST(bytes == expected_size(entry.name, values));
        BOOST_TEST(bytes <= with->most_bytes(values.size()));
        if (entry.name != "threshold") BOOST_TEST(bytes == with->most_bytes(values.size()));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(compression_is_worth_it) {
  const std::vector<float> values = normal_slice(65536, 9);
  auto factor = [&](const char* name) {
    const auto with = codec_for(name);
    return 4.0 * 65536 / static_cast<double>(encoded(*with, values, key_of(0)).size());
  };
  BOOST_TEST(factor("top_k") >= 20);
  BOOST_TEST(factor("random_k") >= 20);
  BOOST_TEST(factor("one_bit") >= 20);
  BOOST_TEST(factor("int8") >= 3.5);
  BOOST_TEST(factor("float16") == 2);
  BOOST_TEST(factor("bfloat16") == 2);
}

BOOST_AUTO_TEST_CASE(errors_keep_within_their_bounds) {
  for (const codec_entry& entry : known.entries()) {
    const auto with = codec_for(entry.name);
    for (const auto& [what, values] : all_slices()) {
      BOOST_TEST_CONTEXT(entry.name << ", " << what) {
        const std::vector<float> read = passed(*with, values);
        const std::vector<double> bounds = largest_errors(entry.name, values);
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
          const double off =
              std::abs(static_cast<double>(read[i]) - static_cast<double>(values[i]));
          if (off <= bounds[i]) continue;  // what is no number fails, too
          if (wrong++ == 0) BOOST_TEST_MESSAGE(i << ": " << values[i] << " became " << read[i]);
        }
        BOOST_TEST(wrong == 0u);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(the_same_key_gives_the_same_bytes) {
  for (const codec_entry& entry : known.entries()) {
    const auto used = codec_for(entry.name);
    for (const auto& [what, values] : all_slices()) {
      BOOST_TEST_CONTEXT(entry.name << ", " << what) {
        const auto fresh = codec_for(entry.name);
        const wire_bytes bytes = encoded(*used, values, key_of(5));
        BOOST_TEST((bytes == encoded(*fresh, values, key_of(5))));
        const auto reader = codec_for(entry.name);
        bool taken = false, again = false;
        const auto one = decoded(*used, bytes, values.size(), key_of(5), taken);
        const auto two = decoded(*reader, bytes, values.size(), key_of(5), again);
        BOOST_TEST((taken && again));
        BOOST_TEST((one == two));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(damaged_bytes_are_refused_or_fill_every_number) {
  for (const codec_entry& entry : known.entries()) {
    const auto with = codec_for(entry.name);
    for (const std::size_t n : {1, 8, 17, 100, 600, 70000}) {
      BOOST_TEST_CONTEXT(entry.name << ", " << n) {
        damage(*with, normal_slice(n, n, 0.001), n);
      }
    }
    BOOST_TEST_CONTEXT(entry.name << ", 0") {
      bool taken = false;
      decoded(*with, wire_bytes(1), 0, key_of(0), taken);
      BOOST_TEST(!taken);
    }
  }
}

// A worker that diverged must not pass for one that trains.
BOOST_AUTO_TEST_CASE(what_is_not_finite_arrives_so_or_stays_until_it_does) {
  for (const codec_entry& entry : known.entries()) {
    const auto with = codec_for(entry.name);
    for (const std::size_t n : {1, 17, 64, 300, 1000}) {
      for (const std::size_t place : {std::size_t{0}, n / 2, n - 1}) {
        for (const float wild : {nan_value, -nan_value, infinity, -infinity}) {
          BOOST_TEST_CONTEXT(entry.name << ", " << wild << " at " << place << " of " << n) {
            error_feedback feedback(n, true);
            std::vector<float> values = normal_slice(n, n);
            values[place] = wild;
            wire_bytes out(with->most_bytes(n));
            std::size_t commits = 0;
            for (; commits < 3000; ++commits) {
              feedback.encode(*with, 0, values, key_of(commits), out);
              if (!all_bounded(values)) break;
              values.assign(n, 0.0f);
            }
            BOOST_TEST(commits < (entry.name == "random_k" ? 3000u : 1u));
          }
        }
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
