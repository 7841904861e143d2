#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <caf/all.hpp>
#include <cstring>
#include <thread>

#include "actors/wire_bytes.hpp"
#include "troupe/actors/cast.hpp"
#include "troupe/actors/configure.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

wire<schema::Commit> commit_of(std::size_t count) {
  wire_builder<schema::Commit> out;
  out->setSequence(count);
  set_payload(out, count);
  return std::move(out).finish();
}

template <class T>
wire<T> round_trip(const wire<T>& message) {
  wire<T> out;
  const caf::error problem = load(bytes_of(message), out);
  if (problem) BOOST_FAIL(caf::to_string(problem));
  return out;
}

/// A Progress whose list of ranges was made again and again: each try stays in the message.
std::shared_ptr<const wire_storage> many_segments() {
  auto builder =
      std::make_unique<capnp::MallocMessageBuilder>(16u, capnp::AllocationStrategy::FIXED_SIZE);
  auto progress = builder->initRoot<schema::Progress>();
  for (unsigned round = 1; round <= 20; ++round) {
    auto ranges = progress.initRanges(10 * round);
    for (unsigned i = 0; i < ranges.size(); ++i) ranges[i].setLast(i * round);
  }
  return std::make_shared<const wire_storage>(std::move(builder),
                                              std::vector<buffer_pool::buffer>());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(wires)

BOOST_AUTO_TEST_CASE(every_message_comes_back_as_it_went) {
  for_every_message([](const auto& message) {
    const auto back = round_trip(message);
    BOOST_TEST_REQUIRE(!back.empty());
    const capnp::DynamicStruct::Reader sent = *message;
    BOOST_TEST_CONTEXT(sent.getSchema().getShortDisplayName().cStr()) {
      BOOST_TEST((capnp::AnyStruct::Reader(*message) == capnp::AnyStruct::Reader(*back)));
      BOOST_TEST(read_all(message) == read_all(back));
      // And a second journey gives the same bytes.
      BOOST_TEST((bytes_of(back) == bytes_of(round_trip(back))));
    }
  });
}

BOOST_AUTO_TEST_CASE(an_empty_wire_stays_empty) {
  const wire<schema::Center> none;
  BOOST_TEST(none.empty());
  BOOST_TEST(bytes_of(none).size() == 4u);
  wire<schema::Center> out = sample<schema::Center>();
  BOOST_TEST(!load(bytes_of(none), out));
  BOOST_TEST(out.empty());
}

BOOST_AUTO_TEST_CASE(a_message_without_any_field_set_comes_back) {
  const wire<schema::Progress> back =
      round_trip(std::move(wire_builder<schema::Progress>()).finish());
  BOOST_TEST((*back).getRanges().size() == 0u);
  BOOST_TEST((*back).getRows() == 0u);
  BOOST_TEST(floats_of((*round_trip(commit_of(0))).getPayload()).empty());
  BOOST_TEST(
      (*round_trip(std::move(wire_builder<schema::Diverged>()).finish())).getReason().size() == 0u);
}

BOOST_AUTO_TEST_CASE(payloads_of_any_length_come_back) {
  for (const std::size_t count : {1, 2, 3, 15, 16, 17, 1023, 1024, 1025, 65536}) {
    const wire<schema::Commit> sent = commit_of(count), got = round_trip(sent);
    const auto a = floats_of((*sent).getPayload()), b = floats_of((*got).getPayload());
    BOOST_TEST_REQUIRE(b.size() == count);
    BOOST_TEST(std::equal(a.begin(), a.end(), b.begin()));
  }
}

BOOST_AUTO_TEST_CASE(nothing_of_a_reused_buffer_travels) {
  // The last word's padding is zero, whatever the pooled buffer held before.
  {
    const auto buffer = buffer_pool::take(100);
    std::memset(buffer.get(), 0x5a, 4096);
  }
  wire_builder<schema::Rows> out;
  const auto bytes = out.bytes(3, [&](auto&& d) { out->adoptFeatures(kj::mv(d)); });
  std::fill(bytes.begin(), bytes.end(), std::byte{1});
  const wire_bytes sent = bytes_of(std::move(out).finish());
  BOOST_TEST(std::count(sent.begin(), sent.end(), '\x5a') == 0);
}

BOOST_AUTO_TEST_CASE(a_message_of_many_segments_comes_back) {
  const auto storage = many_segments();
  BOOST_TEST(storage->segments().size() > 10u);
  BOOST_TEST(storage->segments().size() <= wire_storage::segment_limit);
  const wire<schema::Progress> back = round_trip(wire<schema::Progress>(storage));
  const auto ranges = (*back).getRanges();
  BOOST_TEST_REQUIRE(ranges.size() == 200u);
  for (unsigned i = 0; i < ranges.size(); ++i) BOOST_TEST(ranges[i].getLast() == i * 20u);
  // Two payloads of their own.
  const wire<schema::Rows> rows = round_trip(sample<schema::Rows>());
  BOOST_TEST((*rows).getFeatures().size() == 21u);
  BOOST_TEST(floats_of((*rows).getLabels())[2] == 1.0f);
}

BOOST_AUTO_TEST_CASE(a_message_of_64_mib_comes_back) {
  const std::size_t count = std::size_t{16} << 20;
  const wire<schema::Commit> sent = commit_of(count);
  const wire<schema::Commit> got = round_trip(sent);
  const auto a = (*sent).getPayload(), b = (*got).getPayload();
  BOOST_TEST_REQUIRE(b.size() == count * sizeof(float));
  BOOST_TEST(std::memcmp(a.begin(), b.begin(), a.size()) == 0);
}

BOOST_AUTO_TEST_CASE(in_a_process_all_copies_share_the_memory) {
  const wire<schema::Commit> message = commit_of(1000);
  const auto* memory = (*message).getPayload().begin();
  const wire<schema::Commit> copy = message;  // NOLINT: the copy is the point
  BOOST_TEST((copy == message));
  BOOST_TEST((*copy).getPayload().begin() == memory);

  const caf::message one = caf::make_message(message);
  caf::message two = one;
  BOOST_TEST((*two.get_as<commit_msg>(0)).getPayload().begin() == memory);
  // Even where CAF makes a message its own, it copies the reference only.
  BOOST_TEST((*two.get_mutable_as<commit_msg>(0)).getPayload().begin() == memory);
  BOOST_TEST((two.get_as<commit_msg>(0) == one.get_as<commit_msg>(0)));
  BOOST_TEST((*one.get_as<commit_msg>(0)).getPayload().begin() == memory);
  BOOST_TEST(!(message == commit_of(1000)));
}

BOOST_AUTO_TEST_CASE(the_memory_lives_as_long_as_any_copy) {
  wire<schema::Commit> last;
  {
    const wire<schema::Commit> first = commit_of(5000);
    const caf::message carried = caf::make_message(first);
    last = carried.get_as<commit_msg>(0);
  }
  const auto values = floats_of((*last).getPayload());
  BOOST_TEST(values[4999] == 4999.0f / 7);
}

BOOST_AUTO_TEST_CASE(registered_messages_travel_inside_caf_messages) {
  caf::actor_system_config config;
  configure(config);
  config.set("scheduler.policy", caf::atom("testing"));
  caf::actor_system system(config);
  caf::message sent = caf::make_message(sample<schema::Verdict>(), sample<schema::Center>());
  wire_bytes bytes;
  caf::binary_serializer sink(system, bytes);
  BOOST_TEST_REQUIRE(!sink(sent));
  caf::message got;
  caf::binary_deserializer source(system, bytes);
  BOOST_TEST_REQUIRE(!source(got));
  BOOST_TEST_REQUIRE((got.match_elements<verdict_msg, center_msg>()));
  BOOST_TEST((*got.get_as<verdict_msg>(0)).getStaleness() == 4u);
  BOOST_TEST((*got.get_as<center_msg>(1)).getVersion() == 41u);
  // A log shows what it is, not its megabytes.
  BOOST_TEST(caf::deep_to_string(sample<schema::Center>()).size() < 100u);
}

BOOST_AUTO_TEST_CASE(an_empty_message_reads_as_defaults) {
  // Four zero bytes from a peer make one; reading it must do no harm.
  const wire<schema::Commit> commit;
  BOOST_TEST((*commit).getRun() == 0u);
  BOOST_TEST((*commit).getPayload().size() == 0u);
  BOOST_TEST((*wire<schema::Route>{}).getSlices().size() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
