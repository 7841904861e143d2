#include "cluster/faults/line.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>

using namespace troupe::testing;
using std::chrono::milliseconds;

namespace {

const line::time start{std::chrono::hours(1)};

/// Everything that has arrived by a time.
std::string take_all(line& l, line::time now) {
  std::string all;
  for (line::part p = l.arrived(now); p.count > 0; p = l.arrived(now)) {
    all.append(p.bytes, p.count);
    l.take(p.count);
  }
  return all;
}

std::string packets(std::size_t count) {
  std::string bytes(count * line::packet_size, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 + i / 256);
  return bytes;
}

/// When all of `count` packets sent in one go have arrived, after the delay; nothing was lost: 0.
milliseconds pause_of(std::size_t count, std::uint64_t seed, const line_settings& s) {
  line l(seed);
  const std::string bytes = packets(count);
  l.send(bytes.data(), bytes.size(), start, s);
  milliseconds waited{0};
  while (l.in_flight() > 0) {
    const auto next = *l.next();
    waited = std::chrono::duration_cast<milliseconds>(next - start) - s.delay;
    take_all(l, next);
  }
  return waited;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(a_line)

BOOST_AUTO_TEST_CASE(hands_bytes_on_after_its_delay_and_in_order) {
  line l(1);
  l.send("abc", 3, start, {milliseconds(20)});
  l.send("def", 3, start + milliseconds(5), {milliseconds(20)});
  l.send("ghi", 3, start + milliseconds(6), {milliseconds(0)});  // not before what was sent earlier
  BOOST_CHECK_EQUAL(take_all(l, start + milliseconds(19)), "");
  BOOST_CHECK_EQUAL(take_all(l, start + milliseconds(20)), "abc");
  BOOST_CHECK(*l.next() == start + milliseconds(25));
  BOOST_CHECK_EQUAL(l.in_flight(), 6u);
  BOOST_CHECK_EQUAL(take_all(l, start + milliseconds(25)), "defghi");
  BOOST_CHECK(!l.next());
}

BOOST_AUTO_TEST_CASE(ends_after_its_bytes) {
  line l(1);
  l.send("abc", 3, start, {milliseconds(20)});
  l.end(false, start, {});
  BOOST_CHECK(!l.ended(start + milliseconds(20)));  // nobody has taken them
  BOOST_CHECK_EQUAL(take_all(l, start + milliseconds(20)), "abc");
  BOOST_CHECK(l.ended(start + milliseconds(20)));
  BOOST_CHECK(!l.was_reset());
}

BOOST_AUTO_TEST_CASE(loses_nothing_for_good) {
  line l(4);
  const std::string bytes = packets(200);
  const line_settings s{milliseconds(10), milliseconds(20), 0.2};
  l.send(bytes.data(), bytes.size(), start, s);
  BOOST_CHECK(take_all(l, start + milliseconds(10)).size() < bytes.size());
  line whole(4);
  whole.send(bytes.data(), bytes.size(), start, s);
  BOOST_CHECK(take_all(whole, start + std::chrono::hours(1)) == bytes);
}

BOOST_AUTO_TEST_CASE(sends_a_lost_packet_again_after_a_round_trip_or_a_timeout) {
  const line_settings s{milliseconds(20), milliseconds(40), 0.01};
  int prompt = 0, late = 0, none = 0;
  constexpr int runs = 2000;
  for (std::uint64_t seed = 0; seed < runs; ++seed) {
    // The last packet of a message has nothing behind it that tells the sender of the loss.
    const milliseconds alone = pause_of(1, seed, s);
    if (alone.count() == 0) {
      ++none;
    } else {
      BOOST_CHECK_GE(alone.count(), 200);
    }
    const milliseconds many = pause_of(50, seed, s);
    if (many.count() == 40) ++prompt;
    if (many.count() >= 200) ++late;
  }
  BOOST_CHECK_CLOSE(none / double(runs), 0.99, 1);
  // One of the first 47 is lost and sent again at once; one of the last three, or one sent again.
  const double first = 1 - std::pow(0.99, 47), last = 1 - std::pow(0.99, 3) + 47 * 0.01 * 0.01;
  BOOST_CHECK_CLOSE(late / double(runs), last, 30);
  BOOST_CHECK_CLOSE(prompt / double(runs), first * (1 - last), 10);
}

BOOST_AUTO_TEST_CASE(waits_for_the_round_trip_where_that_is_longer_than_the_timeout) {
  const line_settings s{milliseconds(300), milliseconds(600), 0.5};
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const long pause = pause_of(1, seed, s).count();
    BOOST_CHECK_MESSAGE(pause == 0 || pause >= 600, pause);
  }
}

BOOST_AUTO_TEST_CASE(changes_as_many_bytes_as_it_is_told) {
  line l(9);
  const std::string bytes = packets(700);
  l.send(bytes.data(), bytes.size(), start, {milliseconds(0), milliseconds(0), 0, 0.01});
  const std::string heard = take_all(l, start);
  BOOST_REQUIRE_EQUAL(heard.size(), bytes.size());
  std::size_t changed = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) changed += bytes[i] != heard[i];
  BOOST_CHECK_CLOSE(static_cast<double>(changed), 0.01 * static_cast<double>(bytes.size()), 5);
}

BOOST_AUTO_TEST_SUITE_END()
