#include "troupe/cluster/transport/shared_lane.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <deque>
#include <random>
#include <vector>

using namespace troupe;

namespace {

using bytes = std::vector<std::byte>;

struct both_ends {
  both_ends() : made(shared_lane::make()) {
    BOOST_REQUIRE(made);
    opened = shared_lane::open(made->to_offer());
    BOOST_REQUIRE(opened);
    made->settle();
  }
  std::unique_ptr<shared_lane> made, opened;
};

struct parcel {
  std::uint64_t place;
  bytes content;
};

/// What is written, where there is room.
bool put(lane& from, const bytes& content, parcel& out) {
  std::byte* const room = from.reserve(content.size(), out.place);
  if (!room) return false;
  std::memcpy(room, content.data(), content.size());
  out.content = content;
  return true;
}

void check_taken(lane& at, const parcel& sent) {
  bytes got(sent.content.size());
  BOOST_TEST_REQUIRE(at.take(sent.place, got.data(), got.size()));
  BOOST_TEST((got == sent.content));
}

bytes content_of(std::size_t size, unsigned seed) {
  bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::byte>(i * 7 + seed);
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(shared_lanes)

BOOST_AUTO_TEST_CASE(what_is_written_at_one_end_is_read_at_the_other_in_any_pattern) {
  const both_ends ends;
  std::mt19937 random(5);
  for (const bool back : {false, true}) {
    lane& from = back ? *ends.opened : *ends.made;
    lane& to = back ? *ends.made : *ends.opened;
    std::deque<parcel> under_way;
    int refused = 0;
    for (unsigned i = 0; i < 2000; ++i) {
      parcel next;
      if (random() % 5 < 3) {
        const std::size_t size = 1 + random() % (random() % 10 == 0 ? 4u << 20 : 300u << 10);
        if (put(from, content_of(size, i), next)) {
          under_way.push_back(std::move(next));
        } else {
          ++refused;
        }
      } else if (!under_way.empty()) {
        check_taken(to, under_way.front());
        under_way.pop_front();
      }
    }
    BOOST_TEST(refused > 0);
    for (const parcel& p : under_way) check_taken(to, p);
  }
}

BOOST_AUTO_TEST_CASE(an_empty_lane_has_room_for_all_of_it) {
  const both_ends ends;
  parcel sent;
  for (const std::size_t size : {100u, 5'000'000u, shared_lane::capacity, 1u}) {
    BOOST_TEST_REQUIRE(put(*ends.made, content_of(size, 1), sent));
    check_taken(*ends.opened, sent);
  }
  BOOST_TEST(!put(*ends.made, content_of(shared_lane::capacity + 1, 1), sent));
  // A full one has room again when all is read, or is known to be lost.
  BOOST_TEST_REQUIRE(put(*ends.made, content_of(shared_lane::capacity, 2), sent));
  parcel refused;
  BOOST_TEST(!put(*ends.made, content_of(1, 1), refused));
  BOOST_TEST(ends.opened->forget(refused.place));
  BOOST_TEST(put(*ends.made, content_of(1, 1), sent));
}

BOOST_AUTO_TEST_CASE(places_outside_are_refused) {
  const both_ends ends;
  bytes to(100);
  parcel sent;
  BOOST_TEST_REQUIRE(put(*ends.made, content_of(100, 1), sent));
  BOOST_TEST(!ends.opened->take(shared_lane::capacity - 50, to.data(), 100));
  BOOST_TEST(!ends.opened->take(~std::uint64_t{0} - 10, to.data(), 100));
  check_taken(*ends.opened, sent);
  BOOST_TEST(!ends.opened->take(sent.place, to.data(), 100));
  BOOST_TEST(!ends.opened->forget(0));
}

BOOST_AUTO_TEST_CASE(only_the_memory_that_is_meant_is_opened) {
  const auto made = shared_lane::make(), other = shared_lane::make();
  auto offer = made->to_offer();
  offer.descriptor = other->to_offer().descriptor;  // of this kind, but another
  BOOST_CHECK(!shared_lane::open(offer));
  for (const std::uint32_t descriptor : {0u, 1u, 100'000u}) {
    offer = made->to_offer();
    offer.descriptor = descriptor;
    BOOST_CHECK(!shared_lane::open(offer));
  }
  offer = made->to_offer();
  offer.capacity = 1;
  BOOST_CHECK(!shared_lane::open(offer));
  offer = made->to_offer();
  offer.process = 0;
  BOOST_CHECK(!shared_lane::open(offer));
  BOOST_CHECK(shared_lane::open(made->to_offer()));
  made->settle();
  BOOST_CHECK(!shared_lane::open(made->to_offer()));
}

BOOST_AUTO_TEST_CASE(another_process_reads_and_writes_it) {
  const auto made = shared_lane::make();
  const auto offer = made->to_offer();
  parcel question;
  BOOST_TEST_REQUIRE(put(*made, content_of(1 << 20, 9), question));
  const pid_t child = ::fork();
  BOOST_TEST_REQUIRE(child >= 0);
  if (child == 0) {
    const auto theirs = shared_lane::open(offer);
    bytes got(question.content.size());
    std::uint64_t place = 0;
    if (!theirs || !theirs->take(question.place, got.data(), got.size())) ::_exit(1);
    std::byte* const room = theirs->reserve(got.size(), place);
    if (got != question.content || !room || place != 0) ::_exit(2);
    std::memcpy(room, got.data(), got.size());
    ::_exit(0);
  }
  int status = 0;
  BOOST_TEST_REQUIRE(::waitpid(child, &status, 0) == child);
  BOOST_TEST_REQUIRE(status == 0);
  check_taken(*made, {0, question.content});
}

BOOST_AUTO_TEST_SUITE_END()
