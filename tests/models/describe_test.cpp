#include <boost/test/unit_test.hpp>

#include "models/network_fixture.hpp"
#include "troupe/base/error.hpp"
#include "troupe/models/network.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

void expect_error(const model_spec& spec, const std::string& place, const std::string& part) {
  try {
    describe(spec, model_catalogue::builtin());
    BOOST_ERROR("no error at " << place);
  } catch (const error& e) {
    BOOST_TEST((e.kind() == error_kind::job));
    BOOST_TEST(e.place() == place);
    BOOST_TEST(e.message().find(part) != std::string::npos,
               "'" << e.message() << "' lacks '" << part << "'");
  }
}

model_spec one_layer(shape input, layer_spec layer) {
  return model(std::move(input), {std::move(layer)});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(describing)

BOOST_AUTO_TEST_CASE(an_input_needs_extents) {
  expect_error(model({}, {dense(2)}), "model.input", "extent of 0");
  expect_error(model({3, 0}, {dense(2)}), "model.input", "extent of 0");
  expect_error(model({1ull << 40, 1ull << 40}, {dense(2)}), "model.input", "too large");
}

BOOST_AUTO_TEST_CASE(layers_are_named_and_have_known_options) {
  expect_error(model({3}, {}), "model.layers", "at least one layer");
  expect_error(model({3}, {dense(2), bare("dens")}), "model.layers.1", "did you mean 'dense'?");
  expect_error(one_layer({3}, {"dense", {{"unit", whole(2)}}}), "model.layers.0", "'units'");
  expect_error(one_layer({3}, bare("dense")), "model.layers.0", "needs 'units'");
  expect_error(one_layer({3}, dense(0)), "model.layers.0", "at least 1");
  expect_error(one_layer({3}, dense(2, "rleu")), "model.layers.0", "did you mean 'relu'?");
  expect_error(one_layer({3}, {"dense", {{"units", word("many")}}}), "model.layers.0",
               "whole number");
  expect_error(one_layer({3}, {"dropout", {{"rate", 1.5}}}), "model.layers.0", "'rate'");
  expect_error(one_layer({3}, {"activation", {{"function", word("tanh")}, {"alpha", 0.5}}}),
               "model.layers.0", "means nothing to tanh");
}

BOOST_AUTO_TEST_CASE(layers_must_fit_each_other) {
  expect_error(model({4, 4, 1}, {dense(2)}), "model.layers.0", "flatten");
  expect_error(model({28, 28}, {conv2d(2, 3, "relu")}), "model.layers.0", "add the channels");
  expect_error(model({5, 4, 1}, {bare("average_pool2d"), conv2d(2, 3, "relu")}), "model.layers.1",
               "does not fit");
  expect_error(
      one_layer({4, 4, 1}, {"conv2d", {{"filters", whole(2)}, {"kernel", integers{1, 1, 1}}}}),
      "model.layers.0", "[height, width]");
  expect_error(one_layer({6}, {"reshape", {{"shape", integers{4}}}}), "model.layers.0",
               "cannot be reshaped");
  expect_error(one_layer({6}, {"reshape", {{"shape", integers{-1, -1}}}}), "model.layers.0",
               "more than one");
  expect_error(one_layer({6}, {"reshape", {{"shape", integers{0, 6}}}}), "model.layers.0", "of 0");
  expect_error(one_layer({6}, {"reshape", {{"shape", integers{1ll << 62, 1ll << 62}}}}),
               "model.layers.0", "cannot be reshaped");
  expect_error(model({1 << 20}, {dense(1 << 24)}), "model.layers.0", "parameters");
  expect_error(model({3}, {bare("flatten")}), "model.layers", "nothing to train");
}

BOOST_AUTO_TEST_CASE(the_loss_must_fit_the_output) {
  expect_error(model({3}, {dense(2)}, "crossentropy_categorical"), "model.loss", "unknown loss");
  expect_error(model({4, 4, 1}, {conv2d(2, 3, "relu")}), "model.loss", "one output for each class");
  expect_error(model({3}, {dense(1)}), "model.loss", "binary_crossentropy");
  expect_error(model({3}, {dense(2, "relu")}), "model.loss", "not in relu");
  expect_error(model({3}, {dense(2, "sigmoid")}), "model.loss", "softmax");
  expect_error(model({3}, {dense(2, "softmax")}, "binary_crossentropy"), "model.loss", "sigmoid");
  expect_error(model({2, 3, 1}, {conv2d(2, 1, "softmax"), bare("flatten")}), "model.loss",
               "another shape");
}

BOOST_AUTO_TEST_CASE(a_summary_tells_shapes_and_numbers) {
  const model_summary s = describe(model({8, 7, 3},
                                         {conv2d(4, 3, "relu"), bare("batch_normalization"),
                                          bare("max_pool2d"), bare("flatten"), dense(1, "sigmoid")},
                                         "binary_crossentropy"),
                                   model_catalogue::builtin());
  BOOST_TEST(s.layers.size() == 5u);
  BOOST_TEST(s.layers[0].kind == "conv2d");
  BOOST_TEST((s.layers[0].output == shape{6, 5, 4}));
  BOOST_TEST(s.layers[0].parameters == 3u * 3 * 3 * 4 + 4);
  BOOST_TEST(s.layers[1].parameters == 8u);
  BOOST_TEST((s.layers[2].output == shape{3, 2, 4}));
  BOOST_TEST((s.layers[3].output == shape{24}));
  BOOST_TEST(s.parameters == 112u + 8 + 25);
  BOOST_TEST(s.statistics == 8u);
  BOOST_TEST((s.labels == label_use::binary));
  BOOST_TEST(to_text(s.layers[2].output) == "3 x 2 x 4");
}

BOOST_AUTO_TEST_SUITE_END()
