#include <boost/test/unit_test.hpp>

#include "data/folder.hpp"

using namespace troupe;

BOOST_AUTO_TEST_SUITE(data_catalogues)

BOOST_AUTO_TEST_CASE(lists_hold_what_the_job_file_promises) {
  const data_catalogue all = data_catalogue::builtin();
  BOOST_TEST(all.readers.names() == (words{"csv", "idx", "libsvm", "npy", "synthetic"}),
             boost::test_tools::per_element());
  BOOST_TEST(all.transforms.names() == (words{"fill_missing", "label_index", "min_max", "normalize",
                                              "one_hot", "reshape", "standard"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(every_entry_says_what_it_is) {
  const data_catalogue all = data_catalogue::builtin();
  for (const reader_entry& reader : all.readers.entries()) {
    BOOST_TEST(!reader.summary.empty(), reader.name);
    for (const setting& s : reader.options) BOOST_TEST(!s.meaning.empty(), s.name);
    BOOST_TEST(bool(reader.read));
  }
  for (const transform_entry& transform : all.transforms.entries()) {
    BOOST_TEST(!transform.summary.empty(), transform.name);
    for (const setting& s : transform.options) BOOST_TEST(!s.meaning.empty(), s.name);
    BOOST_TEST(bool(transform.make) != transform.on_labels);
  }
}

BOOST_AUTO_TEST_CASE(rows_are_gathered_in_the_order_asked_for) {
  dataset data;
  data.shape = {2};
  data.type = element_type::u8;
  data.set_rows(3);
  for (const int value : {1, 2, 3, 4, 5, 6}) data.features.push_back(std::byte(value));
  data.labels = {10, 11, 20, 21, 30, 31};
  data.label_width = 2;
  const std::vector<std::uint64_t> rows{2, 0, 2};
  std::vector<std::byte> features(6);
  std::vector<float> labels(6);
  gather(data, {rows.data(), rows.size()}, features.data(), labels.data());
  BOOST_TEST((features == std::vector<std::byte>{std::byte{5}, std::byte{6}, std::byte{1},
                                                 std::byte{2}, std::byte{5}, std::byte{6}}));
  BOOST_TEST(labels == (std::vector<float>{30, 31, 10, 11, 30, 31}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
