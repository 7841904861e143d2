// Numbers on their way through commits and answers, in every compression.

#include "troupe/actors/payload.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "actors/plan_fixture.hpp"
#include "troupe/actors/messages/wire.hpp"
#include "troupe/base/random.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

using floats = std::vector<float>;

/// A model with 8 x 6 + 6 parameters and statistics of a batch normalisation, in slices of 16.
std::shared_ptr<run_plan> plan_with(const std::string& compression,
                                    const std::string& protocol = "downpour") {
  const job of = job_around(
      "{input: [8], layers: [{dense: {units: 6}}, batch_normalization], loss: mean_squared_error}",
      "{protocol: " + protocol + ", compression: " + compression + "}",
      "{epochs: 1, batch_size: 1}", "{workers: 2, slice: 16}");
  return plan_over(of, numbered_rows(10, {8}, element_type::u8));
}

floats drawn(std::size_t count, std::uint64_t seed) {
  const random_stream stream(seed, random_purpose::test);
  floats out(count);
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<float>(stream.normal(i));
  return out;
}

struct written {
  wire<schema::Commit> message;
  std::size_t bytes = 0;
};

written write(payload_codec& with, std::uint32_t slice, const floats& values,
              std::uint64_t first = 0, std::uint64_t rows = 4) {
  wire_builder<schema::Commit> out;
  out->setSlice(slice);
  out->setFirst(first);
  out->setRows(rows);
  const std::size_t bytes = with.write(out, [&](span<float> to) {
    BOOST_TEST_REQUIRE(to.size() == values.size());
    std::copy(values.begin(), values.end(), to.begin());
  });
  return {std::move(out).finish(), bytes};
}

/// As the server reads it.
floats read(const std::shared_ptr<run_plan>& plan, const wire<schema::Commit>& message) {
  payload_codec server(plan, false);
  floats scratch;
  span<const float> values;
  BOOST_TEST_REQUIRE(server.read(*message, scratch, values) == "");
  return {values.begin(), values.end()};
}

std::string refusal(const std::shared_ptr<run_plan>& plan, const wire<schema::Commit>& message) {
  payload_codec server(plan, false);
  floats scratch;
  span<const float> values;
  return server.read(*message, scratch, values);
}

/// The same commit with other bytes under another name.
wire<schema::Commit> forged(std::uint32_t slice, const std::string& codec, std::size_t bytes,
                            int fill = 0) {
  wire_builder<schema::Commit> out;
  out->setSlice(slice);
  out->setCodec(codec);
  const auto payload = out.bytes(bytes, [&](auto&& d) { out->adoptPayload(kj::mv(d)); });
  std::fill(payload.begin(), payload.end(), static_cast<std::byte>(fill));
  return std::move(out).finish();
}

void add(floats& sum, const floats& values) {
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += values[i];
}

double largest_difference(const floats& a, const floats& b) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max<double>(most, std::abs(a[i] - b[i]));
  return most;
}

std::vector<std::string> lossy() {
  return {"float16",
          "bfloat16",
          "int8",
          "one_bit",
          "{name: top_k, ratio: 0.2}",
          "{name: random_k, ratio: 0.3}",
          "{name: threshold, value: 0.8}"};
}

constexpr std::size_t count = 16;

}  // namespace

BOOST_AUTO_TEST_SUITE(payloads)

BOOST_AUTO_TEST_CASE(what_is_not_compressed_lies_in_the_message) {
  const auto plan = plan_with("none");
  payload_codec worker(plan, true), server(plan, false);
  const floats values = drawn(count, 1);
  const written w = write(worker, 1, values);
  BOOST_TEST(w.bytes == count * sizeof(float));
  BOOST_TEST((*w.message).getCodec().size() == 0u);
  floats scratch;
  span<const float> out;
  BOOST_TEST(server.read(*w.message, scratch, out) == "");
  BOOST_TEST(scratch.empty());
  BOOST_TEST(static_cast<const void*>(out.data()) ==
             static_cast<const void*>((*w.message).getPayload().begin()));
  worker.lost(*w.message);  // nothing is kept of it
  BOOST_TEST((read(plan, write(worker, 1, floats(count, 0)).message) == floats(count, 0)));
}

BOOST_AUTO_TEST_CASE(every_compression_travels_under_its_name) {
  for (const std::string& compression : lossy()) {
    BOOST_TEST_CONTEXT(compression) {
      const auto plan = plan_with(compression);
      payload_codec worker(plan, true);
      const floats values = drawn(count, 2);
      const written w = write(worker, 1, values, 7);
      const auto c = *w.message;
      BOOST_TEST(w.bytes == c.getPayload().size());
      BOOST_TEST(w.bytes < count * sizeof(float));
      BOOST_TEST(std::string(c.getCodec().cStr()) == plan->compression.name);
      // What the codec makes of it by itself, with the key of this commit.
      const auto codec = plan->compression.make(plan->of.optimizer.compression.options);
      const codec_key key{plan->of.seed, 0, 7, 1};
      std::vector<std::byte> bytes(codec->most_bytes(count));
      bytes.resize(codec->encode(values, key, bytes));
      floats expected(count);
      BOOST_TEST(codec->decode(bytes, key, expected));
      BOOST_TEST((read(plan, w.message) == expected));
      // Statistics travel as they are.
      const auto statistics = static_cast<std::uint32_t>(plan->group_slices() - 1);
      BOOST_TEST_REQUIRE(plan->is_statistics(statistics));
      const floats means = drawn(plan->model.statistics, 3);
      const written s = write(worker, statistics, means);
      BOOST_TEST((*s.message).getCodec().size() == 0u);
      BOOST_TEST(s.bytes == means.size() * sizeof(float));
      BOOST_TEST((read(plan, s.message) == means));
      worker.lost(*s.message);
      BOOST_TEST((read(plan, write(worker, statistics, means).message) == means));
      const written none = write(worker, 0, floats(count, 0));
      BOOST_TEST((read(plan, none.message) == floats(count, 0)));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_draw_depends_on_the_commit) {
  const auto plan = plan_with("{name: random_k, ratio: 0.3}");
  std::vector<floats> seen;
  for (std::uint64_t first = 0; first < 6; ++first) {
    payload_codec worker(plan, true);
    seen.push_back(read(plan, write(worker, 1, floats(count, 1), first).message));
  }
  std::sort(seen.begin(), seen.end());
  BOOST_TEST((std::unique(seen.begin(), seen.end()) - seen.begin()) > 3);
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_refused_with_its_reason) {
  const auto plain = plan_with("none");
  BOOST_TEST(refusal(plain, forged(1, "int8", 64)) ==
             "it is encoded as 'int8', the run uses 'none'");
  BOOST_TEST(refusal(plain, forged(1, "", 63)) == "the payload has 63 bytes, the slice 64");
  const auto halves = plan_with("float16");
  BOOST_TEST(refusal(halves, forged(1, "", 64)) ==
             "it is encoded as 'none', the run uses 'float16'");
  BOOST_TEST(refusal(halves, forged(1, "bfloat16", 32)) ==
             "it is encoded as 'bfloat16', the run uses 'float16'");
  for (const std::size_t bytes : {0, 31, 33, 64}) {
    BOOST_TEST(refusal(halves, forged(1, "float16", bytes)) ==
               "its " + std::to_string(bytes) + " bytes are no 16 numbers encoded as 'float16'");
  }
  BOOST_TEST(refusal(halves, forged(1, "float16", 32)) == "");
  const auto statistics = static_cast<std::uint32_t>(halves->group_slices() - 1);
  BOOST_TEST(!refusal(halves, forged(statistics, "float16", 24)).empty());
  // Bytes of any length and any content are read or refused.
  for (const std::string& compression : lossy()) {
    const auto plan = plan_with(compression);
    for (std::size_t bytes = 0; bytes < 90; ++bytes) {
      for (const int fill : {0, 1, 0x7f, 0xff}) {
        refusal(plan, forged(1, plan->compression.name, bytes, fill));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(what_compression_loses_is_sent_later) {
  for (const std::string& compression : lossy()) {
    BOOST_TEST_CONTEXT(compression) {
      const auto plan = plan_with(compression);
      payload_codec worker(plan, true);
      floats meant(count, 0), came(count, 0), other(count, 0);
      for (std::uint64_t i = 0; i < 400; ++i) {
        // At first there is news, then only what is left; another slice has its own rest.
        const floats values = i < 20 ? drawn(count, i) : floats(count, 0);
        add(meant, values);
        add(came, read(plan, write(worker, 1, values, i).message));
        add(other, read(plan, write(worker, 2, floats(count, 0), i).message));
      }
      const bool kept_back = plan->compression.name == "threshold";  // less than 0.8 stays
      BOOST_TEST(largest_difference(meant, came) < (kept_back ? 0.8 : 1e-3));
      BOOST_TEST((other == floats(count, 0)));
    }
  }
}

BOOST_AUTO_TEST_CASE(without_error_feedback_it_is_lost) {
  for (const std::string name : {"top_k", "random_k"}) {
    const auto plan = plan_with("{name: " + name + ", ratio: 0.2, error_feedback: false}");
    payload_codec worker(plan, true);
    const floats first = read(plan, write(worker, 1, drawn(count, 1)).message);
    BOOST_TEST(std::count(first.begin(), first.end(), 0.0f) == 13);
    const written second = write(worker, 1, floats(count, 0));
    BOOST_TEST((read(plan, second.message) == floats(count, 0)));
    const written third = write(worker, 1, drawn(count, 1));
    worker.lost(*third.message);
    BOOST_TEST((read(plan, write(worker, 1, floats(count, 0)).message) == floats(count, 0)));
  }
}

BOOST_AUTO_TEST_CASE(a_lost_commit_goes_back_to_what_is_to_be_sent) {
  for (const std::string& compression : lossy()) {
    BOOST_TEST_CONTEXT(compression) {
      const auto plan = plan_with(compression);
      payload_codec worker(plan, true);
      floats meant(count, 0), came(count, 0);
      for (std::uint64_t i = 0; i < 400; ++i) {
        const floats values = i < 20 ? drawn(count, i) : floats(count, 0);
        add(meant, values);
        const written w = write(worker, 1, values, i);
        if (i % 3 == 1) {
          worker.lost(*w.message);
        } else {
          add(came, read(plan, w.message));
        }
      }
      const bool kept_back = plan->compression.name == "threshold";
      BOOST_TEST(largest_difference(meant, came) < (kept_back ? 0.8 : 1e-3));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_commit_without_rows_carries_nothing_of_the_rest) {
  // Where rows are weights nobody would take it: it would be gone.
  for (const std::string& compression : lossy()) {
    BOOST_TEST_CONTEXT(compression) {
      const auto plan = plan_with(compression);
      payload_codec worker(plan, true);
      floats meant(count, 0), came(count, 0);
      for (std::uint64_t i = 0; i < 600; ++i) {
        const bool idle = i % 3 == 1;
        const floats values = i < 20 && !idle ? drawn(count, i) : floats(count, 0);
        const floats got = read(plan, write(worker, 1, values, i, idle ? 0 : 4).message);
        if (idle) BOOST_TEST((got == floats(count, 0)));
        add(meant, values);
        add(came, got);
      }
      const bool kept_back = plan->compression.name == "threshold";
      BOOST_TEST(largest_difference(meant, came) < (kept_back ? 0.8 : 1e-3));
    }
  }
}

BOOST_AUTO_TEST_CASE(replicas_are_rounded_afresh_every_time) {
  // 1 + 2^-12 is 1 in both; kept back three times it would be more.
  for (const char* compression : {"float16", "bfloat16"}) {
    const auto plan = plan_with(compression, "aeasgd");
    payload_codec worker(plan, true);
    for (int i = 0; i < 9; ++i) {
      const written w = write(worker, 0, floats(count, 1 + 0x1p-12f));
      BOOST_TEST((read(plan, w.message) == floats(count, 1)));
      if (i % 2 == 0) worker.lost(*w.message);
    }
  }
}

BOOST_AUTO_TEST_CASE(numbers_that_are_not_finite_do_not_become_finite) {
  for (const std::string& compression : lossy()) {
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
          -std::numeric_limits<float>::infinity()}) {
      const auto plan = plan_with(compression);
      payload_codec worker(plan, true);
      floats values = drawn(count, 9);
      // A drawn number travels when its turn comes, which it does sooner or later.
      bool seen = false;
      for (std::uint64_t i = 0; i < 60 && !seen; ++i) {
        values[3] = bad;
        const written w = write(worker, 1, values, i);
        if (!refusal(plan, w.message).empty()) {
          seen = true;
          break;
        }
        for (const float x : read(plan, w.message)) seen = seen || !std::isfinite(x);
      }
      BOOST_TEST(seen);
    }
  }
}

BOOST_AUTO_TEST_CASE(answers_are_encoded_and_read) {
  wire_builder<schema::Center> made;
  made->setSlice(3);
  made->setVersion(41);
  const floats values = {1, -2.5f, 1 + 0x1p-20f, 0x1p-3f};
  const auto to = made.floats(4, [&](auto&& d) { made->adoptPayload(kj::mv(d)); });
  std::copy(values.begin(), values.end(), to.begin());
  const wire<schema::Center> exact = std::move(made).finish();
  span<const float> got;

  answer_codec plain(*plan_with("none"));
  BOOST_TEST((plain.encoded(exact) == exact));
  for (const char* name : {"float16", "bfloat16"}) {
    // The codec of answers is a choice of its own.
    for (const std::string codec : {"none", "int8"}) {
      answer_codec halves(*plan_with("{name: " + codec + ", answers: " + name + "}"));
      const wire<schema::Center> encoded = halves.encoded(exact);
      BOOST_TEST((*encoded).getSlice() == 3u);
      BOOST_TEST((*encoded).getVersion() == 41u);
      BOOST_TEST(std::string((*encoded).getCodec().cStr()) == name);
      BOOST_TEST((*encoded).getPayload().size() == 8u);
      BOOST_TEST(halves.read(*encoded, 4, got) == "");
      BOOST_TEST((floats(got.begin(), got.end()) == floats{1, -2.5f, 1, 0x1p-3f}));
      // A centre that was pulled travels as it is.
      BOOST_TEST(halves.read(*exact, 4, got) == "");
      BOOST_TEST((floats(got.begin(), got.end()) == values));
      BOOST_TEST(!halves.read(*encoded, 5, got).empty());
      BOOST_TEST(!halves.read(*exact, 3, got).empty());
      BOOST_TEST(plain.read(*encoded, 4, got) ==
                 "it is encoded as '" + std::string(name) + "', the run uses 'none'");
      BOOST_TEST(!halves.read(*wire<schema::Center>(), 4, got).empty());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
