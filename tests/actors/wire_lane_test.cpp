#include <boost/test/unit_test.hpp>
#include <caf/all.hpp>
#include <memory>
#include <vector>

#include "actors/wire_bytes.hpp"
#include "troupe/actors/configure.hpp"
#include "troupe/actors/messages/lane.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

/// A lane within this process, with room for one message of so many bytes; places count bytes.
class local_lane final : public lane {
 public:
  explicit local_lane(std::size_t room) : memory_(room) { writing = reading = this; }
  ~local_lane() override { writing = reading = nullptr; }

  std::byte* reserve(std::size_t bytes, std::uint64_t& place) override {
    place = end_;
    if (bytes > memory_.size() || end_ - begin_ + bytes > memory_.size() || end_ > begin_) {
      return nullptr;
    }
    end_ += bytes;
    ++passed;
    return memory_.data();
  }
  std::shared_ptr<const std::byte[]> take(std::uint64_t place, std::size_t bytes) override {
    if (place != begin_ || bytes != end_ - begin_) return nullptr;
    return {memory_.data(), [this, end = end_](const std::byte*) { forget(end); }};
  }
  bool forget(std::uint64_t place) override {
    if (place < begin_ || place > end_) return false;
    begin_ = place;
    return true;
  }
  int passed = 0;

 private:
  std::vector<std::byte> memory_;
  std::uint64_t begin_ = 0, end_ = 0;
};

wire<schema::Commit> commit_of(std::size_t bytes) {
  wire_builder<schema::Commit> out;
  out->setWorker(3);
  set_payload(out, bytes / sizeof(float));
  return std::move(out).finish();
}

void check_arrives(const wire_bytes& bytes, const wire<schema::Commit>& sent) {
  wire<schema::Commit> back;
  const caf::error problem = load(bytes, back);
  BOOST_TEST_REQUIRE(!problem, caf::to_string(problem));
  BOOST_TEST((capnp::AnyStruct::Reader(*sent) == capnp::AnyStruct::Reader(*back)));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(wire_lanes)

BOOST_AUTO_TEST_CASE(large_messages_lie_in_the_lane_and_small_ones_do_not) {
  local_lane way(1 << 20);
  for (const std::size_t bytes : {0u, 100u, 20'000u, 300'000u}) {
    const auto sent = commit_of(bytes);
    const int before = way.passed;
    const wire_bytes written = bytes_of(sent);
    BOOST_TEST(way.passed - before == (bytes >= lane::least_bytes ? 1 : 0));
    BOOST_TEST(written.size() < bytes + 500);
    if (bytes >= lane::least_bytes) BOOST_TEST(written.size() < 100u);
    check_arrives(written, sent);
  }
}

BOOST_AUTO_TEST_CASE(what_finds_no_room_goes_with_its_message) {
  local_lane way(100'000);
  const auto first = commit_of(80'000), second = commit_of(90'000), huge = commit_of(200'000);
  const wire_bytes one = bytes_of(first), two = bytes_of(second), three = bytes_of(huge);
  BOOST_TEST(way.passed == 1);
  BOOST_TEST(two.size() > 90'000u);
  check_arrives(one, first);
  check_arrives(two, second);
  check_arrives(three, huge);
}

BOOST_AUTO_TEST_CASE(messages_that_nobody_reads_give_their_room_back) {
  local_lane way(100'000);
  const auto sent = commit_of(80'000);
  bytes_of(sent);  // lost on its way
  const wire_bytes inlined = bytes_of(sent);
  BOOST_TEST(inlined.size() > 80'000u);
  check_arrives(inlined, sent);
  const wire_bytes again = bytes_of(sent);
  BOOST_TEST(way.passed == 2);
  check_arrives(again, sent);
}

BOOST_AUTO_TEST_CASE(a_place_that_cannot_be_is_refused) {
  local_lane way(100'000);
  const auto sent = commit_of(80'000);
  const wire_bytes first = bytes_of(sent);
  check_arrives(first, sent);
  wire<schema::Commit> back;
  BOOST_TEST(caf::to_string(load(first, back)).find("names no place") != std::string::npos);
  BOOST_TEST(back.empty());
}

BOOST_AUTO_TEST_SUITE_END()
