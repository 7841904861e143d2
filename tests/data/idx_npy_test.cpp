#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "data/array_files.hpp"
#include "data/folder.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

const settings x_only{{"features", std::string("x")}};
const settings x_and_y{{"features", std::string("x")}, {"labels", std::string("y")}};

std::string refusal(const std::string& format, const std::string& x, const std::string& y = "") {
  const folder here;
  here.write("x", x);
  here.write("y", y);
  return message_of([&] { read(format, y.empty() ? x_only : x_and_y, here.path()); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(idx_and_npy_files)

BOOST_AUTO_TEST_CASE(idx_pictures_stay_bytes) {
  const folder here;
  here.write_gz("x", idx_bytes(8, {2, 1, 3}, std::string("\x01\x02\x03\xff\x00\x05", 6)));
  here.write("y", idx_bytes(8, {2}, "\x07\x09"));
  const dataset data = read("idx", x_and_y, here.path());
  BOOST_TEST((data.type == element_type::u8));
  BOOST_TEST((data.shape == std::vector<std::size_t>{1, 3}));
  BOOST_TEST(values(data) == (std::vector<float>{1, 2, 3, 255, 0, 5}),
             boost::test_tools::per_element());
  BOOST_TEST(data.labels == (std::vector<float>{7, 9}), boost::test_tools::per_element());
  const dataset one = read("idx", x_and_y, here.path(), 1);
  BOOST_TEST(one.rows() == 1u);
  BOOST_TEST(one.labels.size() == 1u);
  BOOST_TEST(read("idx", x_only, here.path()).labels.empty());
}

BOOST_AUTO_TEST_CASE(idx_numbers_are_big_endian) {
  const folder here;
  here.write("x", idx_bytes(0x0B, {2}, std::string("\x01\x00\xff\xfe", 4)));
  BOOST_TEST(values(read("idx", x_only, here.path())) == (std::vector<float>{256, -2}),
             boost::test_tools::per_element());
  here.write("x", idx_bytes(0x0D, {1, 1}, std::string("\x3f\xc0\x00\x00", 4)));
  BOOST_TEST(values(read("idx", x_only, here.path())) == (std::vector<float>{1.5f}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(npy_arrays_of_every_type) {
  const folder here;
  auto both = [&](const std::string& descr, const std::string& bytes) {
    here.write("x", npy_bytes(descr, "(2,)", bytes));
    const dataset data = read("npy", x_only, here.path());
    BOOST_TEST((data.shape == std::vector<std::size_t>{1}));
    BOOST_TEST((data.type == (descr == "|u1" ? element_type::u8 : element_type::f32)));
    return values(data);
  };
  BOOST_TEST(both("|u1", "\x03\xff") == (std::vector<float>{3, 255}),
             boost::test_tools::per_element());
  const std::vector<float> expected{3, -7};
  BOOST_TEST(both("|i1", bytes_of<std::int8_t>({3, -7})) == expected);
  BOOST_TEST(both("<i2", bytes_of<std::int16_t>({3, -7})) == expected);
  BOOST_TEST(both("<i4", bytes_of<std::int32_t>({3, -7})) == expected);
  BOOST_TEST(both("<i8", bytes_of<std::int64_t>({3, -7})) == expected);
  BOOST_TEST(both("<f4", bytes_of<float>({3, -7})) == expected);
  BOOST_TEST(both("<f8", bytes_of<double>({3, -7})) == expected);
  BOOST_TEST(both(">i2", std::string("\x00\x03\xff\xf9", 4)) == expected);
}

BOOST_AUTO_TEST_CASE(npy_shapes_labels_and_missing_values) {
  const folder here;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  here.write("x", npy_bytes("<f4", "(2, 2, 1)", bytes_of<float>({1, nan, 3, 4})));
  here.write("y", npy_bytes("<f8", "(2, 3)", bytes_of<double>({1, 0, 0, 0, 0, 1})));
  const dataset data = read("npy", x_and_y, here.path());
  BOOST_TEST((data.shape == std::vector<std::size_t>{2, 1}));
  BOOST_TEST(std::isnan(values(data)[1]));
  BOOST_TEST(data.label_width == 3u);
  BOOST_TEST(data.labels == (std::vector<float>{1, 0, 0, 0, 0, 1}),
             boost::test_tools::per_element());
  std::string version2 = npy_bytes("<f4", "(1,)", bytes_of<float>({2}));
  version2[6] = 2;
  version2.insert(10, 2, '\0');
  here.write("x", version2);
  BOOST_TEST(values(read("npy", x_only, here.path())) == (std::vector<float>{2}));
}

BOOST_AUTO_TEST_CASE(wrong_idx_files_are_refused) {
  const std::string good = idx_bytes(8, {2, 2}, "abcd");
  BOOST_TEST(contains(refusal("idx", "PNG!"), "not an IDX file"));
  BOOST_TEST(contains(refusal("idx", ""), "not an IDX file"));
  BOOST_TEST(contains(refusal("idx", idx_bytes(7, {1}, "a")), "no number type 0x07"));
  BOOST_TEST(contains(refusal("idx", idx_bytes(8, {}, "a")), "without extents"));
  BOOST_TEST(contains(refusal("idx", good.substr(0, 9)), "the header is cut short"));
  BOOST_TEST(contains(refusal("idx", idx_bytes(8, {3, 2}, "abcd")),
                      "the header says [3, 2], but the file ends before"));
  BOOST_TEST(contains(refusal("idx", good + "e"), "bytes follow"));
  BOOST_TEST(contains(refusal("idx", idx_bytes(8, {0, 2}, "")), "there are no rows"));
  const std::size_t most = 0xffffffff;
  BOOST_TEST(contains(refusal("idx", idx_bytes(8, {most, most, most, most}, "abcd")),
                      "the file is too short for that"));
  BOOST_TEST(
      contains(refusal("idx", good, idx_bytes(8, {3}, "abc")), "3 labels for the 2 rows of"));
  BOOST_TEST(
      contains(refusal("idx", good, idx_bytes(8, {2, 1, 1}, "ab")), "labels have the shape"));
}

BOOST_AUTO_TEST_CASE(wrong_npy_files_are_refused) {
  const std::string four(4, '\0');
  BOOST_TEST(contains(refusal("npy", "\x93NUMPX\x01\x01"), "not an NPY file"));
  BOOST_TEST(contains(refusal("npy", "\x93NUMPY\x04\x01"), "NPY version 4 is not known"));
  BOOST_TEST(contains(refusal("npy", npy_bytes("<f4", "(1,)", four).substr(0, 30)), "cut short"));
  BOOST_TEST(contains(refusal("npy", npy_bytes("<c8", "(1,)", four)), "type '<c8'"));
  BOOST_TEST(contains(refusal("npy", npy_bytes("", "(1,)", four)), "type ''"));
  BOOST_TEST(contains(refusal("npy", npy_bytes("<f4", "()", four)), "a single number"));
  BOOST_TEST(contains(refusal("npy", npy_bytes("<f4", "(99999999999999999999,)", four)),
                      "an extent is too large"));
  BOOST_TEST(contains(refusal("npy", npy_bytes("<f4", "(9223372036854775807, 3)", four)),
                      "too short for that"));
  BOOST_TEST(contains(refusal("npy", npy_bytes("<f4", "(2,)", four)), "the file ends before"));
  BOOST_TEST(contains(
      refusal("npy", npy_bytes("{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }", four)),
      "Fortran order"));
  BOOST_TEST(contains(refusal("npy", npy_bytes("{'descr': '<f4'}", four)), "lacks the type"));
  const std::string infinite = npy_bytes(
      "<f4", "(2, 2)", bytes_of<float>({1, 2, 3, std::numeric_limits<float>::infinity()}));
  BOOST_TEST(contains(refusal("npy", infinite), "x: row 2: value 2 is infinite"));
  const std::string nan =
      npy_bytes("<f4", "(1,)", bytes_of<float>({std::numeric_limits<float>::quiet_NaN()}));
  BOOST_TEST(contains(refusal("npy", npy_bytes("<f4", "(1,)", four), nan),
                      "y: row 1: the label is not a number"));
}

BOOST_AUTO_TEST_CASE(damaged_gzip_is_refused) {
  const folder here;
  here.write_gz("x", idx_bytes(8, {1000, 10}, std::string(10000, 'a')));
  const std::string whole = here.read("x");
  here.write("x", whole.substr(0, whole.size() - 5));
  BOOST_TEST(contains(message_of([&] { read("idx", x_only, here.path()); }),
                      "the gzip data is cut short"));
  here.write("x", whole.substr(0, 3));
  BOOST_TEST(contains(message_of([&] { read("idx", x_only, here.path()); }), "cut short"));
  std::string damaged = whole;
  damaged[damaged.size() - 6] = static_cast<char>(damaged[damaged.size() - 6] ^ 1);
  here.write("x", damaged);
  BOOST_TEST(
      contains(message_of([&] { read("idx", x_only, here.path()); }), "the gzip data is damaged"));
  here.write("x", whole + "tail");
  BOOST_TEST(contains(message_of([&] { read("idx", x_only, here.path()); }),
                      "other bytes follow the gzip data"));
  here.write("x", whole + std::string(512, '\0'));
  BOOST_TEST(read("idx", x_only, here.path()).rows() == 1000u);
}

BOOST_AUTO_TEST_SUITE_END()
