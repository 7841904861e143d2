#include <boost/test/unit_test.hpp>
#include <cstring>

#include "data/folder.hpp"
#include "troupe/base/random.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

/// What came of a file, or why nothing did: equal texts are equal results.
std::string outcome(const std::string& format, const settings& options,
                    const std::string& directory, std::size_t rows, std::size_t threads,
                    std::size_t block_bytes) {
  const data_catalogue all = data_catalogue::builtin();
  const reader_entry& reader = all.readers.at(format, "", "format");
  read_request request;
  request.options = resolve(
      reader.options, options, [](const std::string& o) { return o; }, format);
  request.directory = directory;
  request.rows = rows;
  request.threads = threads;
  request.block_bytes = block_bytes;
  try {
    const dataset data = reader.read(request);
    std::string text = shape_text({data.rows(), data.row_volume(), data.label_width}) + "|";
    text.append(reinterpret_cast<const char*>(data.features.data()), data.features.size());
    text.append(reinterpret_cast<const char*>(data.labels.data()), data.labels.size() * 4);
    for (const std::string& word : data.label_words) text += "|" + word;
    for (const std::string& column : data.columns) text += "|" + column;
    return text;
  } catch (const error& e) {
    return std::string("error: ") + e.what();
  }
}

/// Draws what a file is made of.
class maker {
 public:
  explicit maker(std::uint64_t round) : random_(3, random_purpose::test, round) {}
  std::size_t below(std::uint64_t count) { return random_.below(draw_++, count); }
  bool one_in(std::uint64_t count) { return below(count) == 0; }
  std::string number() {
    const std::string signs[] = {"", "", "-", "+"};
    const std::string forms[] = {"0",    "7",  "12.5",   "0.001", "123456789.25",   ".5",
                                 "1e-3", "5.", "-999.0", "1e2",   "0.1234567890123"};
    const std::string form = forms[below(std::size(forms))];
    return form[0] == '-' ? form : signs[below(4)] + form;
  }

 private:
  random_stream random_;
  std::uint64_t draw_ = 0;
};

std::string csv_text(maker& draw, bool header, std::size_t columns, bool quotes) {
  const std::string ends[] = {"\n", "\n", "\r\n"};
  std::string text;
  if (header) {
    for (std::size_t c = 0; c < columns; ++c) text += (c > 0 ? ",c" : "c") + std::to_string(c);
    text += "\n";
  }
  const std::size_t rows = draw.below(60);
  // Most files are right; a mistake is in one place.
  const std::size_t wrong = draw.one_in(3) ? draw.below(60) : rows;
  for (std::size_t row = 0; row < rows; ++row) {
    if (draw.one_in(12)) text += draw.one_in(2) ? "\n" : "  \n";
    for (std::size_t c = 0; c < columns; ++c) {
      if (c > 0) text += ",";
      const bool label = c + 1 == columns;
      if (!label && draw.one_in(15)) continue;
      if (!label && draw.one_in(20)) {
        text += " NA ";
      } else if (quotes && draw.one_in(6)) {
        text += label && draw.one_in(2) ? "\"a,\"\"b\"\"\n\nc\"" : "\"" + draw.number() + "\"";
      } else {
        text += draw.number();
      }
    }
    if (row == wrong) {
      const std::string mistakes[] = {"x",      ",1,2", "\"",     "\n1\n",         "\n,,,,,,\n",
                                      "\"a\"b", "1e99", "\n1,\"", "\n\"a\"b,\"\n", "\nnan,1,2\n"};
      text += mistakes[draw.below(std::size(mistakes))];
    }
    if (row + 1 < rows || draw.one_in(2)) text += ends[draw.below(3)];
  }
  return text;
}

std::string libsvm_text(maker& draw) {
  std::string text;
  const std::size_t rows = draw.below(60);
  const std::size_t wrong = draw.one_in(3) ? draw.below(60) : rows;
  for (std::size_t row = 0; row < rows; ++row) {
    if (draw.one_in(12)) text += draw.one_in(2) ? "\n" : " # nothing\n";
    text += draw.one_in(2) ? "+1" : "-1";
    for (std::size_t i = 1 + draw.below(4); i <= 9; i += 1 + draw.below(4)) {
      text += (draw.one_in(9) ? "\t " : " ") + std::to_string(i) + ":" + draw.number();
    }
    if (row == wrong) {
      const std::string mistakes[] = {" x",   " 99:1", " 1:1 1:1", " 2",
                                      " 2:x", "\n1:5", "\na 1:1",  " 9:1 10:1"};
      text += mistakes[draw.below(std::size(mistakes))];
    }
    if (row + 1 < rows || draw.one_in(2)) text += draw.one_in(9) ? " # end\r\n" : "\n";
  }
  return text;
}

/// One thread and one block against several threads and blocks of some bytes.
void compare(const std::string& format, const settings& options, const std::string& text,
             maker& draw) {
  const folder here;
  if (draw.one_in(4)) {
    here.write_gz("t", text);
  } else {
    here.write("t", text);
  }
  const std::size_t rows = draw.one_in(3) ? 1 + draw.below(40) : 0;
  const std::string plain = outcome(format, options, here.path(), rows, 1, 1 << 20);
  for (const std::size_t threads : {1, 2, 5}) {
    const std::size_t bytes = 1 + draw.below(threads == 1 ? 8 : 200);
    const std::string other = outcome(format, options, here.path(), rows, threads, bytes);
    BOOST_TEST((plain == other), format << ", " << threads << " threads, blocks of " << bytes
                                        << " bytes, " << rows << " rows of:\n"
                                        << text << "\n"
                                        << plain.substr(0, 200) << "\n"
                                        << other.substr(0, 200));
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reading_threads)

BOOST_AUTO_TEST_CASE(csv_rows_do_not_depend_on_threads_and_blocks) {
  for (std::uint64_t round = 0; round < 400; ++round) {
    maker draw(round);
    const bool header = draw.one_in(2);
    settings options{{"path", std::string("t")}, {"header", header}};
    if (draw.one_in(2)) options.set("missing", words{"NA", "-999"});
    if (draw.one_in(4)) options.set("label", words{"1"});
    const std::string text = csv_text(draw, header, 2 + draw.below(4), draw.one_in(2));
    compare("csv", options, text, draw);
  }
}

BOOST_AUTO_TEST_CASE(libsvm_rows_do_not_depend_on_threads_and_blocks) {
  for (std::uint64_t round = 0; round < 300; ++round) {
    maker draw(1000 + round);
    compare("libsvm", {{"path", std::string("t")}, {"features", std::int64_t{9}}},
            libsvm_text(draw), draw);
  }
}

BOOST_AUTO_TEST_CASE(an_error_of_the_file_comes_after_the_rows_before_it) {
  const folder here;
  std::string text;
  for (int i = 0; i < 30000; ++i) text += std::to_string(i) + ",1\n";
  here.write_gz("t", text + "x,1\n");
  const std::string whole = here.read("t");
  const settings options{{"path", std::string("t")}};
  for (const std::size_t threads : {1, 4}) {
    const auto read = [&](std::size_t rows) {
      return outcome("csv", options, here.path(), rows, threads, 1000);
    };
    BOOST_TEST(contains(read(0), "t:30001: column 1: 'x' is not a number"));
    here.write("t", whole.substr(0, whole.size() - 20));
    BOOST_TEST(contains(read(0), "the gzip data is cut short"));
    BOOST_TEST(contains(read(100), "[100, 1, 1]"));
    here.write("t", whole);
  }
}

BOOST_AUTO_TEST_SUITE_END()
