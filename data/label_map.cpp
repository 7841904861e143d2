#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <unordered_map>

#include "troupe/base/error.hpp"
#include "troupe/data/labels.hpp"
#include "troupe/data/section_bytes.hpp"

namespace troupe {

namespace {

constexpr const char* section_name = "labels";

/// Finds the class of a label, by number or by word.
class class_finder {
 public:
  explicit class_finder(const label_map& map) : map_(map) {
    for (std::size_t i = 0; i < map.classes.size(); ++i) {
      const std::string& name = map.classes[i];
      by_word_.emplace(name, i);
      float value = 0;
      const char* begin = name.data();
      const char* end = begin + name.size();
      if (name.size() > 1 && *begin == '+') ++begin;  // files write +1, too
      const auto [at, failure] = std::from_chars(begin, end, value);
      if (failure == std::errc() && at == end) by_number_.emplace(value, i);
    }
  }

  std::size_t find(float label, const data_part& part, std::size_t row) const {
    const auto found = by_number_.find(label);
    if (found == by_number_.end()) refuse(label_name(label), part, row);
    return found->second;
  }
  std::size_t find(const std::string& label, const data_part& part, std::size_t row) const {
    const auto found = by_word_.find(label);
    if (found == by_word_.end()) refuse(label, part, row);
    return found->second;
  }

 private:
  [[noreturn]] void refuse(const std::string& label, const data_part& part, std::size_t row) const {
    if (map_.as_they_are) {
      throw data_error(part.place(row), fmt::format("label '{}' is not within 0..{}", label,
                                                    map_.classes.size() - 1));
    }
    std::string known;
    for (std::size_t i = 0; i < std::min<std::size_t>(map_.classes.size(), 8); ++i) {
      known += (i > 0 ? ", " : "") + map_.classes[i];
    }
    if (map_.classes.size() > 8) known += " ...";
    throw data_error(part.place(row),
                     fmt::format("label '{}' is none of the training part's ({})", label, known));
  }

  const label_map& map_;
  std::unordered_map<std::string, std::size_t> by_word_;
  std::unordered_map<float, std::size_t> by_number_;
};

/// Every row is a distribution over the classes.
void check_distributions(const data_part& part) {
  const dataset& data = part.data;
  for (std::size_t row = 0; row < data.rows(); ++row) {
    const float* label = data.labels.data() + row * data.label_width;
    double sum = 0;
    bool within = true;
    for (std::size_t i = 0; i < data.label_width; ++i) {
      within = within && label[i] >= 0 && label[i] <= 1;
      sum += static_cast<double>(label[i]);
    }
    if (!within || std::abs(sum - 1) > 1e-3) {
      throw data_error(part.place(row), "the labels are not one-hot (nor do they sum to 1)");
    }
  }
}

void map_classes(const label_map& map, data_part& part) {
  dataset& data = part.data;
  const class_finder finder(map);
  const bool from_words = !data.label_words.empty();
  const std::size_t count = from_words ? data.label_words.size() : data.labels.size();
  const std::size_t out_width = std::max<std::size_t>(map.one_hot, 1);
  const bool signs = map.use == label_shape::signs;
  std::vector<float> out(count * out_width, signs && map.one_hot != 0 ? -1.0f : 0.0f);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t row = i / data.label_width;
    const std::size_t found = from_words ? finder.find(data.label_words[i], part, row)
                                         : finder.find(data.labels[i], part, row);
    if (map.one_hot != 0) {
      out[i * out_width + found] = 1;
    } else {
      out[i] = signs ? (found == 0 ? -1.0f : 1.0f) : static_cast<float>(found);
    }
  }
  data.labels = std::move(out);
  data.label_width = map.one_hot != 0 ? map.one_hot : data.label_width;
  data.label_words.clear();
  data.label_words.shrink_to_fit();
}

}  // namespace

void map_labels(const label_map& map, data_part& part) {
  dataset& data = part.data;
  if (data.labels.empty() && data.label_words.empty()) return;
  if (data.label_width != map.width) {
    throw data_error(data.origin, fmt::format("{} labels a row, but {} in the training part",
                                              data.label_width, map.width));
  }
  if (!map.as_they_are || (map.use != label_shape::values && data.label_width == 1) ||
      map.one_hot != 0) {
    return map_classes(map, part);
  }
  if (map.use != label_shape::values) return check_distributions(part);
  if (data.label_words.empty()) return;
  // Words where numbers are wanted: of another part of the file, at best.
  data.labels.resize(data.rows());
  for (std::size_t row = 0; row < data.rows(); ++row) {
    float& value = data.labels[row];
    const std::string& word = data.label_words[row];
    const auto answer = std::from_chars(word.data(), word.data() + word.size(), value);
    if (answer.ec != std::errc() || answer.ptr != word.data() + word.size()) {
      throw data_error(part.place(row), "label '" + word + "' is not a number");
    }
  }
  data.label_words.clear();
}

std::string label_map::name(std::size_t index) const {
  return index < classes.size() ? classes[index] : std::to_string(index);
}

void label_map::save(sectioned_file& file) const {
  section_writer out;
  out.put(static_cast<std::uint64_t>(use));
  out.put(std::uint64_t{as_they_are});
  out.put(std::uint64_t{one_hot});
  out.put(std::uint64_t{width});
  out.put(std::uint64_t{classes.size()});
  for (const std::string& name : classes) out.put(name);
  file.put(section_name, out.bytes());
}

label_map label_map::load(const sectioned_file& file) {
  section_reader in(file.get(section_name), section_name);
  label_map map;
  const std::uint64_t use = in.number();
  if (use > static_cast<std::uint64_t>(label_shape::values)) in.fail("an unknown use of labels");
  map.use = static_cast<label_shape>(use);
  map.as_they_are = in.number() != 0;
  map.one_hot = static_cast<std::size_t>(in.number());
  map.width = static_cast<std::size_t>(in.number());
  map.classes.resize(in.count(sizeof(std::uint64_t)));
  for (std::string& name : map.classes) name = in.text();
  in.expect_end();
  constexpr std::size_t most_width = 1u << 24;
  if (map.width == 0 || map.width > most_width || map.one_hot > most_width) {
    in.fail("rows of labels cannot be that wide");
  }
  if (map.one_hot != 0 && map.classes.size() > map.one_hot) in.fail("too many classes");
  if (map.classes.empty() && (map.one_hot != 0 || map.use != label_shape::values)) {
    in.fail("there are no classes");
  }
  return map;
}

}  // namespace troupe
