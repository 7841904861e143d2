#include "troupe/base/error.hpp"
#include "troupe/data/pipeline.hpp"
#include "troupe/data/pipeline_step.hpp"
#include "troupe/data/section_bytes.hpp"

namespace troupe {

namespace {

constexpr const char* section_name = "transforms";
constexpr std::size_t word_bytes = sizeof(std::uint64_t);

settings read_options(section_reader& in) {
  settings options;
  const std::size_t count = in.count(2 * word_bytes);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = in.text();
    options.set(name, in.value());
  }
  return options;
}

}  // namespace

void pipeline::save(sectioned_file& file) const {
  section_writer out;
  out.put(std::uint64_t{input_.size()});
  for (const std::size_t extent : input_) out.put(std::uint64_t{extent});
  out.put(std::uint64_t{steps_.size()});
  for (const auto& s : steps_) {
    out.put(s->name);
    out.put(std::uint64_t{s->options.values().size()});
    for (const auto& [name, value] : s->options.values()) {
      out.put(name);
      out.put(value);
    }
    const std::vector<double> state = s->work->state();
    out.put(std::uint64_t{state.size()});
    for (const double number : state) out.put(number);
  }
  file.put(section_name, out.bytes());
}

pipeline pipeline::load(const sectioned_file& file, const registry<transform_entry>& known) {
  section_reader in(file.get(section_name), section_name);
  std::vector<std::size_t> input(in.count(word_bytes));
  for (std::size_t& extent : input) extent = static_cast<std::size_t>(in.number());
  std::vector<transform_spec> specs(in.count(3 * word_bytes));
  std::vector<std::vector<double>> states;
  for (transform_spec& spec : specs) {
    spec.name = in.text();
    spec.options = read_options(in);
    states.emplace_back(in.count(word_bytes));
    for (double& number : states.back()) number = in.real();
  }
  in.expect_end();
  try {
    pipeline loaded(specs, input, known);
    if (loaded.steps_.size() != specs.size()) in.fail("a transform of labels is among them");
    for (std::size_t i = 0; i < specs.size(); ++i) {
      loaded.steps_[i]->work->set_state(states[i]);
      loaded.steps_[i]->fitted = true;
    }
    loaded.compile();
    return loaded;
  } catch (const error& e) {
    if (e.kind() == error_kind::data && !e.place().empty()) throw;
    in.fail(e.message());
  }
}

}  // namespace troupe
