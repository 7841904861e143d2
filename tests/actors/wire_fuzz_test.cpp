// Bytes from elsewhere may be anything. A message is refused, or every field of it can be read.

#include <boost/test/unit_test.hpp>
#include <caf/all.hpp>

#include "actors/wire_bytes.hpp"
#include "troupe/base/random.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

constexpr std::uint64_t word_limit = wire_storage::size_limit / sizeof(capnp::word);

/// The head of a message: how many segments, and the words of each.
wire_bytes head(std::uint32_t count, const std::vector<std::uint64_t>& words) {
  wire_bytes out;
  caf::binary_serializer sink(nobody(), out);
  if (sink(count)) BOOST_FAIL("head");
  for (std::uint64_t size : words) {
    if (sink(size)) BOOST_FAIL("head");
  }
  return out;
}

/// One segment of these words, as they stand on a little-endian wire.
wire_bytes message_of(const std::vector<std::uint64_t>& words) {
  wire_bytes out = head(1, {words.size()});
  const auto* bytes = reinterpret_cast<const char*>(words.data());
  out.insert(out.end(), bytes, bytes + words.size() * sizeof(std::uint64_t));
  return out;
}

std::string text_of(const caf::error& problem) {
  return problem ? caf::to_string(problem) : "";
}

template <class T>
std::string refusal(const wire_bytes& bytes) {
  wire<T> out = sample<T>();
  const caf::error problem = load(bytes, out);
  if (problem) BOOST_TEST(out.empty());
  return problem ? text_of(problem) + " " : "";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Loads damaged bytes; whatever is taken is read several times, as several actors would.
template <class T>
bool survives(const wire_bytes& bytes) {
  wire<T> out;
  if (load(bytes, out) || out.empty()) return false;
  const std::uint64_t first = read_all(out);
  for (int i = 0; i < 3; ++i) {
    if (read_all(out) != first) BOOST_ERROR("a message reads differently each time");
  }
  return true;
}

// Cap'n Proto's pointers (its encoding, "Structs" and "Lists").
std::uint64_t struct_pointer(std::uint32_t offset, std::uint64_t data, std::uint64_t pointers) {
  return std::uint64_t{offset} << 2 | data << 32 | pointers << 48;
}
std::uint64_t list_pointer(std::int32_t offset, std::uint64_t element, std::uint64_t count) {
  return (static_cast<std::uint32_t>(offset) << 2 | 1u) | element << 32 | count << 35;
}
constexpr std::uint64_t bytes_of_list = 2, structs_of_list = 7;

/// A Progress of nothing but its pointer to ranges: `count` ranges in `words` words.
std::vector<std::uint64_t> progress_with(std::uint64_t count, std::uint64_t data,
                                         std::uint64_t words) {
  std::vector<std::uint64_t> out{struct_pointer(0, 0, 1), list_pointer(0, structs_of_list, words)};
  out.push_back(count << 2 | data << 32);  // the tag: elements and their size
  out.resize(out.size() + words);
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(wire_fuzz)

BOOST_AUTO_TEST_CASE(a_message_that_claims_too_much_is_refused_before_any_memory_is_taken) {
  using message = schema::Commit;
  const std::uint64_t most = ~std::uint64_t{0};
  for (const std::uint64_t words : {word_limit + 1, std::uint64_t{1} << 61, most}) {
    BOOST_TEST(contains(refusal<message>(head(1, {words})), "too large"));
  }
  BOOST_TEST(contains(refusal<message>(head(2, {word_limit, 1})), "too large"));
  BOOST_TEST(contains(refusal<message>(head(64, std::vector<std::uint64_t>(64, word_limit))),
                      "too large"));
  BOOST_TEST(
      contains(refusal<message>(head(65, std::vector<std::uint64_t>(65, 1))), "too many segments"));
  BOOST_TEST(contains(refusal<message>(head((1u << 30) - 1, {})), "too many segments"));
  // Where no memory is shared, nothing can lie there.
  for (const std::uint32_t flags : {1u << 31, 1u << 30, 3u << 30}) {
    BOOST_TEST(contains(refusal<message>(head(flags | 1, {0, 1})), "not shared"));
  }
}

BOOST_AUTO_TEST_CASE(a_message_without_words_is_refused_or_reads_as_nothing) {
  survives<schema::Progress>(head(1, {0}));
  survives<schema::Progress>(head(3, {0, 0, 0}));
  // A null root is a message with every field at its default.
  BOOST_TEST(survives<schema::Progress>(message_of({0})));
}

BOOST_AUTO_TEST_CASE(every_truncation_is_refused) {
  for_every_message([](const auto& message) {
    using type = std::decay_t<decltype(message)>;
    const wire_bytes whole = bytes_of(message);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const wire_bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
      type out;
      if (!load(cut, out)) BOOST_ERROR("a message cut to " << length << " bytes was taken");
      if (!out.empty()) BOOST_ERROR("an error left a message behind");
    }
  });
}

template <class T>
void flip_and_load(const wire<T>& message, std::uint64_t seed) {
  const wire_bytes whole = bytes_of(message);
  const random_stream random(seed, random_purpose::test);
  std::uint64_t drawn = 0;
  auto draw = [&](std::uint64_t bound) { return random.below(drawn++, bound); };
  // The head is damaged less often than the words: mostly it would only be refused for its sizes.
  const std::size_t body = 4 + 8;
  std::size_t taken = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    wire_bytes damaged = whole;
    const std::uint64_t flips = 1 + draw(6);
    for (std::uint64_t i = 0; i < flips; ++i) {
      const std::size_t from = draw(10) == 0 ? 0 : body;
      // Pointers lie in the first words.
      const std::size_t span =
          draw(2) ? damaged.size() - from : std::min<std::size_t>(damaged.size() - from, 160);
      const std::size_t at = from + draw(span);
      damaged[at] =
          draw(2) ? static_cast<char>(draw(256)) : static_cast<char>(damaged[at] ^ (1 << draw(8)));
    }
    if (draw(8) == 0) damaged.resize(draw(damaged.size() + 1));
    if (survives<T>(damaged)) ++taken;
  }
  // The test would show nothing if all damage, or none, were refused.
  BOOST_TEST(taken > 0u);
}

BOOST_AUTO_TEST_CASE(damaged_messages_are_refused_or_readable) {
  std::uint64_t seed = 1;
  for_every_message([&](const auto& message) { flip_and_load(message, seed++); });
}

BOOST_AUTO_TEST_CASE(random_words_are_refused_or_readable) {
  const random_stream random(99, random_purpose::test);
  std::uint64_t drawn = 0;
  auto draw = [&](std::uint64_t bound) { return random.below(drawn++, bound); };
  for (int trial = 0; trial < 4000; ++trial) {
    std::vector<std::uint64_t> words(1 + draw(12));
    for (std::uint64_t& word : words) {
      switch (draw(4)) {
        case 0:
          word = struct_pointer(static_cast<std::uint32_t>(draw(4)), draw(4), draw(4));
          break;
        case 1:
          word = list_pointer(static_cast<std::int32_t>(draw(4)) - 1, draw(8), draw(40));
          break;
        case 2:
          word = draw(40) << 2 | draw(4) << 32 | draw(3) << 48;  // tags and far pointers
          break;
        default:
          word = draw(~std::uint64_t{0});
      }
    }
    const wire_bytes bytes = message_of(words);
    survives<schema::Progress>(bytes);
    survives<schema::Route>(bytes);
    survives<schema::Commit>(bytes);
    survives<schema::Rows>(bytes);
    survives<schema::Verdict>(bytes);
  }
}

BOOST_AUTO_TEST_CASE(a_list_of_nothing_does_not_grow_out_of_its_message) {
  // Elements without data cost no bytes, so a few words may claim half a thousand million.
  for (const std::uint64_t count : {1000u, 100000u, 600000u, 1000000u, 4000000u, 536870911u}) {
    BOOST_TEST_CONTEXT(count) {
      const bool taken = survives<schema::Progress>(message_of(progress_with(count, 0, 0)));
      if (count >= 1000000) BOOST_TEST(!taken);
    }
  }
  // Honest ones are taken.
  BOOST_TEST(survives<schema::Progress>(message_of(progress_with(3, 2, 6))));
  BOOST_TEST(survives<schema::Progress>(message_of(progress_with(20000, 2, 40000))));
  // More elements than the list has words.
  BOOST_TEST(!survives<schema::Progress>(message_of(progress_with(4, 2, 6))));
}

BOOST_AUTO_TEST_CASE(pointers_may_not_leave_the_message_or_go_round) {
  // A root that points at itself, behind the end, and to a segment that is not there.
  BOOST_TEST(!survives<schema::Commit>(message_of({struct_pointer(100, 1, 1)})));
  BOOST_TEST(!survives<schema::Commit>(message_of({std::uint64_t{9} << 32 | 2})));
  BOOST_TEST(!survives<schema::Commit>(
      message_of({struct_pointer(0, 0, 1), list_pointer(0, bytes_of_list, 1000), 0})));
  // Each level of pointers leads back to the one before: nesting has no end.
  survives<schema::Commit>(message_of({struct_pointer(0x3fffffff, 0, 1), 0}));
  survives<schema::Progress>(
      message_of({struct_pointer(0, 0, 1), struct_pointer(0x3ffffffe, 0, 1)}));
}

BOOST_AUTO_TEST_CASE(a_received_message_can_be_read_any_number_of_times) {
  wire<schema::Center> got;
  BOOST_TEST(!load(bytes_of(sample<schema::Center>()), got));
  std::uint64_t sum = 0;
  for (int i = 0; i < 100000; ++i) sum += (*got).getPayload().size();
  BOOST_TEST(sum == 100000u * 64u);
}

BOOST_AUTO_TEST_SUITE_END()
