#include <boost/test/unit_test.hpp>

#include "data/array_files.hpp"
#include "data/folder.hpp"
#include "troupe/base/random.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

constexpr std::uint64_t rounds = 800;

/// A few bytes of `good` changed, left out, doubled, or its end cut off.
std::string damaged(const std::string& good, const random_stream& random, std::uint64_t round) {
  const std::string spice = "\",\n\r.-+e:# 0123456789\t\0\xff";
  std::string bad = good;
  std::uint64_t draw = round * 64;
  const std::uint64_t changes = 1 + random.below(draw++, 4);
  for (std::uint64_t i = 0; i < changes && !bad.empty(); ++i) {
    const std::size_t at = random.below(draw++, bad.size());
    switch (random.below(draw++, 5)) {
      case 0:
        bad[at] = static_cast<char>(random.below(draw++, 256));
        break;
      case 1:
        bad[at] = spice[random.below(draw++, spice.size())];
        break;
      case 2:
        bad.erase(at, 1 + random.below(draw++, 3));
        break;
      case 3:
        bad.insert(at, bad.substr(at, 1 + random.below(draw++, 8)));
        break;
      default:
        if (i == 0) bad.resize(at);
    }
  }
  return bad;
}

/// Reads damaged files: each loads or is refused by an error of ours, and nothing else happens.
void fuzz(const std::string& format, const settings& options, const std::string& file,
          const std::string& good, bool gzip = false) {
  const folder here;
  if (format == "idx" || format == "npy") here.write("y", idx_bytes(8, {3}, "abc"));
  const random_stream random(gzip ? 2 : 1, random_purpose::test, good.size());
  std::string whole = good;
  if (gzip) {
    here.write_gz(file, good);
    whole = here.read(file);
  }
  std::size_t loaded = 0, refused = 0;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    here.write(file, damaged(whole, random, round));
    try {
      const dataset data = read(format, options, here.path());
      BOOST_TEST_REQUIRE(data.rows() > 0u);
      BOOST_TEST_REQUIRE(data.features.size() == data.rows() * data.row_bytes());
      BOOST_TEST_REQUIRE(
          (data.labels.empty() || data.labels.size() == data.rows() * data.label_width));
      BOOST_TEST_REQUIRE((data.label_words.empty() || data.label_words.size() == data.rows()));
      BOOST_TEST_REQUIRE((data.labels.empty() || data.label_words.empty()));
      ++loaded;
    } catch (const error& e) {
      BOOST_TEST_REQUIRE((e.kind() == error_kind::data));
      BOOST_TEST_REQUIRE(!e.place().empty());
      ++refused;
    }
  }
  BOOST_TEST_MESSAGE(format << ": " << loaded << " loaded, " << refused << " refused");
  BOOST_TEST(refused > rounds / 20);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(damaged_files)

BOOST_AUTO_TEST_CASE(csv) {
  const settings plain{{"path", std::string("t")}};
  fuzz("csv", plain, "t", "1,2.5,-3e2,0\n4,,\"5\",1\n0.25,\"a\"\"b\",7,1\r\n1,2,3,x\n");
  fuzz("csv", plain, "t", "1,2.5,-3e2,0\n4,5,6,1\n0.25,8,7,1\n", true);
  fuzz("csv", {{"path", std::string("t")}, {"header", true}, {"label", std::string("y")}}, "t",
       "a,b,\"y\"\n1,2,3\n4,5,6\n");
}

BOOST_AUTO_TEST_CASE(libsvm) {
  const settings options{{"path", std::string("t")}, {"features", std::int64_t{9}}};
  fuzz("libsvm", options, "t", "+1 1:0.5 3:-2e1 9:1\n-1 2:1 # x\n1\n0 4:7\n");
  fuzz("libsvm", options, "t", "+1 1:0.5 3:-2e1 9:1\n-1 2:1 # x\n1\n0 4:7\n", true);
}

BOOST_AUTO_TEST_CASE(idx) {
  const settings options{{"features", std::string("x")}, {"labels", std::string("y")}};
  fuzz("idx", options, "x", idx_bytes(8, {3, 2, 2}, "abcdefghijkl"));
  fuzz("idx", options, "x", idx_bytes(0x0D, {3, 2}, std::string(24, 'a')));
  fuzz("idx", options, "x", idx_bytes(8, {3, 2, 2}, "abcdefghijkl"), true);
}

BOOST_AUTO_TEST_CASE(npy) {
  const settings options{{"features", std::string("x")}};
  fuzz("npy", options, "x", npy_bytes("<f4", "(3, 2)", std::string(24, 'a')));
  fuzz("npy", options, "x", npy_bytes("|u1", "(3, 2)", "abcdef"), true);
}

BOOST_AUTO_TEST_SUITE_END()
