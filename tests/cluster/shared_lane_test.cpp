#include "troupe/cluster/transport/shared_lane.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
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

using held = std::shared_ptr<const std::byte[]>;

bool holds(const held& got, const bytes& content) {
  return got && std::equal(content.begin(), content.end(), got.get());
}

void check_taken(lane& at, const parcel& sent) {
  BOOST_TEST(holds(at.take(sent.place, sent.content.size()), sent.content));
}

bytes content_of(std::size_t size, unsigned seed) {
  bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::byte>(i * 7 + seed);
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(shared_lanes)

BOOST_AUTO_TEST_CASE(what_is_written_at_one_end_is_held_at_the_other_in_any_pattern) {
  const both_ends ends;
  std::mt19937 random(5);
  for (const bool back : {false, true}) {
    lane& from = back ? *ends.opened : *ends.made;
    lane& to = back ? *ends.made : *ends.opened;
    std::deque<parcel> under_way;
    std::vector<std::pair<held, bytes>> kept;
    int refused = 0;
    for (unsigned i = 0; i < 1000; ++i) {
      parcel next;
      const unsigned dice = random() % 10;
      if (dice < 5) {
        const std::size_t size = 1 + random() % (random() % 4 == 0 ? 16u << 20 : 300u << 10);
        if (put(from, content_of(size, i), next)) {
          under_way.push_back(std::move(next));
        } else {
          ++refused;
        }
      } else if (dice < 8 && !under_way.empty()) {
        // Some are never read; what comes after them is.
        if (random() % 8 != 0) {
          const parcel& p = under_way.front();
          kept.emplace_back(to.take(p.place, p.content.size()), p.content);
        }
        under_way.pop_front();
      } else if (!kept.empty()) {
        std::swap(kept[random() % kept.size()], kept.back());
        BOOST_TEST(holds(kept.back().first, kept.back().second));
        kept.pop_back();
      }
    }
    BOOST_TEST(refused > 0);
    for (const parcel& p : under_way) check_taken(to, p);
    for (const auto& [got, content] : kept) BOOST_TEST(holds(got, content));
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
  parcel sent;
  BOOST_TEST_REQUIRE(put(*ends.made, content_of(100'000, 1), sent));
  const std::uint64_t last = shared_lane::capacity - (64 << 10);
  for (const std::uint64_t place :
       {last, sent.place + 1, ~std::uint64_t{0} - 10, ~std::uint64_t{0} - (64 << 10) + 1}) {
    BOOST_TEST(!ends.opened->take(place, 100'000));
  }
  BOOST_TEST(!ends.opened->take(sent.place, 0));
  check_taken(*ends.opened, sent);
  BOOST_TEST(!ends.opened->take(sent.place, 100'000));
  BOOST_TEST(!ends.opened->forget(0));
}

BOOST_AUTO_TEST_CASE(what_is_held_outlives_the_lane_and_keeps_its_room_until_then) {
  both_ends ends;
  parcel first, second;
  BOOST_TEST_REQUIRE(put(*ends.made, content_of(shared_lane::capacity, 1), first));
  held got = ends.opened->take(first.place, first.content.size());
  BOOST_TEST(!put(*ends.made, content_of(1, 2), second));
  got.reset();
  BOOST_TEST_REQUIRE(put(*ends.made, content_of(100'000, 3), second));
  got = ends.opened->take(second.place, second.content.size());
  ends.made.reset();
  ends.opened.reset();
  BOOST_TEST(holds(got, second.content));
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
    const std::size_t size = question.content.size();
    std::uint64_t place = 0;
    if (!theirs) ::_exit(1);
    const held got = theirs->take(question.place, size);
    std::byte* const room = theirs->reserve(size, place);
    if (!holds(got, question.content) || !room || place != 0) ::_exit(2);
    std::memcpy(room, got.get(), size);
    ::_exit(0);
  }
  int status = 0;
  BOOST_TEST_REQUIRE(::waitpid(child, &status, 0) == child);
  BOOST_TEST_REQUIRE(status == 0);
  check_taken(*made, {0, question.content});
}

BOOST_AUTO_TEST_SUITE_END()
