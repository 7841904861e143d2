#include "troupe/models/model_file.hpp"

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>

#include "troupe/base/error.hpp"
#include "troupe/base/random.hpp"
#include "troupe/models/model_json.hpp"
#include "troupe/models/network.hpp"

using namespace troupe;
namespace fs = std::filesystem;

namespace {

const model_catalogue& known() {
  static const model_catalogue catalogue = model_catalogue::builtin();
  return catalogue;
}

/// A small model with everything a file can hold: options of several types, and statistics.
model_spec sample_spec() {
  model_spec spec;
  spec.input = {6, 5, 1};
  spec.layers = {
      {"conv2d",
       {{"filters", std::int64_t{2}},
        {"kernel", integers{3, 2}},
        {"activation", std::string("relu")}}},
      {"batch_normalization", {}},
      {"flatten", {}},
      {"dropout", {{"rate", 0.25}}},
      {"dense", {{"units", std::int64_t{3}}, {"activation", std::string("softmax")}}},
  };
  spec.metrics = {{"accuracy", {}}, {"top_k_accuracy", {{"k", std::int64_t{2}}}}};
  return spec;
}

struct sample_model {
  model_spec spec = sample_spec();
  committee_spec form;
  std::vector<float> parameters, statistics;

  explicit sample_model(std::size_t members = 1, vote_rule vote = vote_rule::mean)
      : form{members, vote} {
    const model_summary summary = describe(spec, known());
    for (std::size_t i = 0; i < members * summary.parameters; ++i) {
      parameters.push_back(0.25f * static_cast<float>(i) - 3);
    }
    for (std::size_t i = 0; i < members * summary.statistics; ++i) {
      statistics.push_back(static_cast<float>(i));
    }
    BOOST_REQUIRE(!statistics.empty());
  }

  sectioned_file file() const {
    sectioned_file out;
    put_model(out, spec, {parameters.data(), parameters.size()},
              {statistics.data(), statistics.size()}, form);
    return out;
  }
};

struct temporary_file {
  std::string path;
  temporary_file() {
    path = (fs::temp_directory_path() / "troupe-model-XXXXXX").string();
    const int fd = ::mkstemp(path.data());
    BOOST_REQUIRE(fd >= 0);
    ::close(fd);
  }
  ~temporary_file() { fs::remove(path); }
};

/// The error of reading a model, which must be one of data; "" where it reads.
std::string refusal(const sectioned_file& file) {
  try {
    get_model(file, known());
  } catch (const error& e) {
    BOOST_TEST((e.kind() == error_kind::data), e.what());
    return e.what();
  }
  return {};
}

std::string refusal_of_text(const std::string& text) {
  sectioned_file file = sample_model().file();
  file.put("model", text);
  return refusal(file);
}

/// The sample's text with one piece replaced.
std::string altered(const std::string& from, const std::string& to) {
  std::string text = to_json(sample_spec());
  const auto at = text.find(from);
  BOOST_REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

/// A value that a required option accepts.
setting_value some_value(const setting& s) {
  switch (s.type) {
    case setting_type::boolean:
      return true;
    case setting_type::integer:
      return std::int64_t{2};
    case setting_type::number:
      return 0.5;
    case setting_type::text:
      return s.choices.empty() ? std::string("relu") : s.choices[0];
    case setting_type::integer_list:
      return integers{2, 2};
    case setting_type::number_list:
      return numbers{0.5};
    case setting_type::word_list:
      return words{"a"};
  }
  return true;
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(model_file_suite)

BOOST_AUTO_TEST_CASE(a_model_comes_back_as_it_was_put) {
  const sample_model model;
  const temporary_file at;
  model.file().save(at.path);
  const stored_model back = get_model(sectioned_file::load(at.path), known());
  BOOST_TEST((back.parameters == model.parameters));
  BOOST_TEST((back.statistics == model.statistics));
  BOOST_TEST((back.spec.input == model.spec.input));
  BOOST_TEST(back.spec.loss == "categorical_crossentropy");
  BOOST_REQUIRE(back.spec.layers.size() == model.spec.layers.size());
  for (std::size_t i = 0; i < model.spec.layers.size(); ++i) {
    const layer_spec& layer = model.spec.layers[i];
    const auto& declared = known().layers.at(layer.kind, "", "layer").options;
    BOOST_TEST(back.spec.layers[i].kind == layer.kind);
    BOOST_TEST((back.spec.layers[i].options == resolve(declared, layer.options, {}, layer.kind)));
  }
  BOOST_REQUIRE(back.spec.metrics.size() == 2u);
  BOOST_TEST(back.spec.metrics[1].name == "top_k_accuracy");
  BOOST_TEST(back.spec.metrics[1].options.integer("k") == 2);
  // Once resolved, a second round changes nothing.
  BOOST_TEST(to_json(model_from_json(to_json(back.spec), known())) == to_json(back.spec));
}

BOOST_AUTO_TEST_CASE(several_models_come_back_together) {
  for (const vote_rule vote : {vote_rule::mean, vote_rule::hard}) {
    const sample_model models(3, vote);
    const temporary_file at;
    models.file().save(at.path);
    const stored_model back = get_model(sectioned_file::load(at.path), known());
    BOOST_TEST(back.form.members == 3u);
    BOOST_TEST((back.form.vote == vote));
    BOOST_TEST((back.parameters == models.parameters));
    BOOST_TEST((back.statistics == models.statistics));
  }
}

/// Files of before there were ensembles say nothing of members, and those of one model still do.
BOOST_AUTO_TEST_CASE(one_model_says_nothing_of_members) {
  for (const vote_rule vote : {vote_rule::mean, vote_rule::hard}) {
    const sectioned_file file = sample_model(1, vote).file();
    BOOST_TEST(file.text("model") == to_json(sample_spec()));
    BOOST_TEST(file.text("model").find("members") == std::string::npos);
    BOOST_TEST(file.text("model").find("vote") == std::string::npos);
    const stored_model back = get_model(file, known());
    BOOST_TEST(back.form.members == 1u);
    BOOST_TEST((back.form.vote == vote_rule::mean));
  }
}

BOOST_AUTO_TEST_CASE(wrong_members_are_refused) {
  const sample_model models(3);
  const std::string text = models.file().text("model");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    const auto place = changed.find(from);
    BOOST_REQUIRE(place != std::string::npos);
    sectioned_file file = models.file();
    file.put("model", changed.replace(place, from.size(), to));
    return refusal(file);
  };
  for (const char* count : {"0", "-1", "1.5", "1048577", "9223372036854775807",
                            "18446744073709551615", "1e3", "\"3\"", "null", "[3]"}) {
    BOOST_TEST(with("\"members\": 3", std::string("\"members\": ") + count) ==
                   "section 'model': members: not a whole number from 1 to 1048576",
               count);
  }
  BOOST_TEST(with("\"mean\"", "\"loud\"") == "section 'model': vote: neither 'mean' nor 'hard'");
  BOOST_TEST(with("\"mean\"", "1") == "section 'model': 'vote' is no text");
  const std::string parameters = std::to_string(models.parameters.size() * 4);
  const std::string one = std::to_string(models.parameters.size() / 3);
  const std::string two = std::to_string(models.parameters.size() / 3 * 2);
  BOOST_TEST(with("\"members\": 3", "\"members\": 2") ==
             "section 'parameters': holds " + parameters + " bytes, but its 2 members have " + two +
                 " parameters");
  BOOST_TEST(with("\"members\": 3,", "") == "section 'parameters': holds " + parameters +
                                                " bytes, but the model has " + one + " parameters");
  BOOST_TEST(with("\"members\": 3", "\"members\": 1048576").find("section 'parameters': holds ") ==
             0u);
}

BOOST_AUTO_TEST_CASE(every_layer_and_metric_keeps_its_options) {
  for (const layer_entry& entry : known().layers.entries()) {
    settings options;
    for (const setting& s : entry.options) {
      if (s.fallback) options.set(s.name, *s.fallback);
      if (s.required) options.set(s.name, some_value(s));
    }
    model_spec spec;
    spec.input = {4, 4, 2};
    spec.layers = {{entry.name, options}};
    const model_spec back = model_from_json(to_json(spec), known());
    BOOST_TEST((back.layers[0].options == resolve(entry.options, options, {}, entry.name)),
               entry.name);
  }
}

BOOST_AUTO_TEST_CASE(a_wrong_architecture_is_refused_with_its_place) {
  BOOST_TEST(refusal_of_text("no json") == "section 'model': the text is no JSON");
  BOOST_TEST(refusal_of_text("") == "section 'model': the text is no JSON");
  BOOST_TEST(refusal_of_text("[]") == "section 'model': there is no 'input'");
  BOOST_TEST(refusal_of_text("{\"input\": 3}") == "section 'model': input: not a list");
  BOOST_TEST(refusal_of_text(altered("\"dense\"", "\"dens\"")) ==
             "section 'model': layers.4: unknown layer 'dens'; did you mean 'dense'?");
  BOOST_TEST(refusal_of_text(altered("\"dense\"", "7")) ==
             "section 'model': layers.4: 'kind' is no text");
  BOOST_TEST(refusal_of_text(altered("0.25", "1.5")).find("section 'model': layers.3.rate: ") ==
             0u);
  BOOST_TEST(refusal_of_text(altered("0.25", "null")) ==
             "section 'model': layers.3.rate: neither a value nor a list of values");
  BOOST_TEST(refusal_of_text(altered("\"rate\"", "\"rated\"")).find("did you mean 'rate'?") !=
             std::string::npos);
  BOOST_TEST(refusal_of_text(altered("\"categorical_", "\"kategorical_"))
                 .find("section 'model': loss: unknown loss") == 0u);
  BOOST_TEST(
      refusal_of_text(altered("\"k\": 2", "\"k\": 200")).find("section 'model': model.metrics.1") ==
      0u);
  // Extents and sizes that no memory holds, and whose products do not fit 64 bits.
  for (const char* extent : {"0", "-1", "1.5", "9223372036854775807", "18446744073709551615",
                             "4611686018427387904", "1e300", "\"6\""}) {
    BOOST_TEST(!refusal_of_text(altered("6,", std::string(extent) + ",")).empty(), extent);
    BOOST_TEST(
        !refusal_of_text(altered("\"units\": 3", std::string("\"units\": ") + extent)).empty(),
        extent);
  }
  BOOST_TEST(refusal_of_text(std::string(100000, '[')) == "section 'model': the text is no JSON");
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  BOOST_TEST(refusal_of_text(altered("0.25", deep)) ==
             "section 'model': the text is nested too deeply");
  BOOST_TEST(refusal_of_text(deep) == "section 'model': the text is nested too deeply");
}

BOOST_AUTO_TEST_CASE(vectors_of_another_length_are_refused) {
  for (const std::size_t members : {1u, 3u}) {
    const sample_model model(members);
    for (const char* section : {"parameters", "statistics"}) {
      sectioned_file file = model.file();
      const std::string whole = file.text(section);
      for (const std::string& bytes :
           {std::string(), whole.substr(1), whole + "1234", whole + "x"}) {
        file.put(section, bytes);
        BOOST_TEST(refusal(file).find(std::string("section '") + section + "': holds ") == 0u);
      }
    }
  }
  sectioned_file empty;
  BOOST_TEST(ends_with(refusal(empty), "the file has no section 'model'"));
}

BOOST_AUTO_TEST_CASE(a_model_that_diverged_is_refused) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    sample_model model;
    model.parameters[7] = bad;
    BOOST_TEST(refusal(model.file()) ==
               "section 'parameters': number 7 is not finite (a diverged model)");
    sample_model several(3);
    several.parameters[several.parameters.size() / 3 + 7] = bad;
    BOOST_TEST(refusal(several.file()) ==
               "section 'parameters': number 7 of member 2 is not finite (a diverged model)");
    several.parameters = sample_model(3).parameters;
    several.statistics.back() = bad;
    const std::string last = std::to_string(several.statistics.size() / 3 - 1);
    BOOST_TEST(refusal(several.file()) == "section 'statistics': number " + last +
                                              " of member 3 is not finite (a diverged model)");
  }
}

BOOST_AUTO_TEST_CASE(errors_name_the_file) {
  sample_model model;
  model.statistics.pop_back();
  const temporary_file at;
  model.file().save(at.path);
  const std::string told = refusal(sectioned_file::load(at.path));
  BOOST_TEST(told.find(at.path + ": section 'statistics': holds ") == 0u, told);
}

BOOST_AUTO_TEST_CASE(no_damage_to_a_file_does_more_than_refuse_it) {
  const temporary_file at;
  sample_model().file().save(at.path);
  std::ifstream in(at.path, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  const random_stream stream(1, random_purpose::test);
  for (std::uint64_t round = 0; round < 400; ++round) {
    std::string bytes = whole;
    const std::uint64_t flips = 1 + stream.below(8 * round, 4);
    for (std::uint64_t i = 0; i < flips; ++i) {
      bytes[stream.below(8 * round + 1 + i, bytes.size())] ^=
          static_cast<char>(1 + stream.below(8 * round + 5, 255));
    }
    if (round % 3 == 0) bytes.resize(stream.below(8 * round + 6, bytes.size()));
    std::ofstream(at.path, std::ios::binary) << bytes;
    if (bytes == whole) continue;
    BOOST_CHECK_EXCEPTION(get_model(sectioned_file::load(at.path), known()), error,
                          [](const error& e) { return e.kind() == error_kind::data; });
  }
}

// Past the checksums: what a program with bad intent could write.
BOOST_AUTO_TEST_CASE(no_content_of_a_section_does_more_than_be_refused) {
  const sample_model model(2, vote_rule::hard);
  const random_stream stream(2, random_purpose::test);
  const std::string alphabet = "{}[]\",:0123456789.-eE+truefalsn \\\x80\xff";
  std::size_t read = 0, refused = 0;
  for (std::uint64_t round = 0; round < 4000; ++round) {
    const auto draw = [&](std::uint64_t i, std::uint64_t bound) {
      return stream.below(16 * round + i, bound);
    };
    sectioned_file file = model.file();
    const std::string section =
        std::vector<std::string>{"model", "model", "model", "parameters", "statistics"}[draw(0, 5)];
    std::string bytes = file.text(section);
    const std::uint64_t changes = 1 + draw(1, 3);
    for (std::uint64_t i = 0; i < changes; ++i) {
      const std::size_t place = draw(2 + 3 * i, bytes.size());
      switch (draw(3 + 3 * i, 4)) {
        case 0:
          bytes[place] = alphabet[draw(4 + 3 * i, alphabet.size())];
          break;
        case 1:
          bytes[place] = static_cast<char>(draw(4 + 3 * i, 256));
          break;
        case 2:
          bytes.erase(place, 1 + draw(4 + 3 * i, 20));
          break;
        default:
          bytes.insert(place, bytes.substr(place, draw(4 + 3 * i, 40)));
          break;
      }
      if (bytes.empty()) break;
    }
    file.put(section, bytes);
    ++(refusal(file).empty() ? read : refused);
  }
  // Both happen: a changed digit is still a number, a lost bracket is no JSON.
  BOOST_TEST(read > 0u);
  BOOST_TEST(refused > 1000u);
}

BOOST_AUTO_TEST_SUITE_END()
