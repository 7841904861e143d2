#include "troupe/data/prepare.hpp"
#include "troupe/data/readers/digits.hpp"

namespace troupe {

namespace {

dataset make_digits(const read_request& request) {
  auto rows = static_cast<std::size_t>(request.options.integer("rows"));
  if (request.rows != 0 && request.rows < rows) rows = request.rows;
  dataset data;
  data.shape = {digit_side, digit_side};
  data.type = element_type::u8;
  data.origin = "synthetic digits";
  data.features.resize(rows * digit_pixels);
  data.labels.resize(rows);
  data.set_rows(rows);
  // Training and test pictures come from streams of their own, so that no row is in both.
  const random_stream random(request.seed, random_purpose::synthetic,
                             static_cast<std::uint64_t>(request.of));
  auto* pixels = reinterpret_cast<std::uint8_t*>(data.features.data());
  for (std::size_t row = 0; row < rows; ++row) {
    data.labels[row] = static_cast<float>(draw_digit(random, row, pixels + row * digit_pixels));
  }
  return data;
}

}  // namespace

reader_entry synthetic_reader() {
  reader_entry entry;
  entry.name = "synthetic";
  entry.summary = "made pictures that need no file, from the seed; `train` and `test` differ";
  entry.options = {
      declare::text("kind", "what is made: digits, 28 x 28 pixels", "digits").one_of({"digits"}),
      declare::integer("rows", "how many", 12000).at_least(1).at_most(100'000'000)};
  entry.read = make_digits;
  return entry;
}

}  // namespace troupe
