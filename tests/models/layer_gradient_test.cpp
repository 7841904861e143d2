#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "models/layer_fixture.hpp"
#include "troupe/models/layers/activation_function.hpp"
#include "troupe/models/model_spec.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

constexpr double step = 1e-2;        // of the differences
constexpr double tolerance = 3e-3;   // of a derivative, relative to 1 + its size
constexpr double most_kinks = 0.35;  // share of the numbers that may lie at a kink
constexpr std::size_t most_probes = 150;

struct layer_case {
  std::string kind;
  settings options;
  shape input;
  std::size_t rows = 3;
  bool kinked = false;  // not differentiable everywhere
};

std::vector<layer_case> activation_cases() {
  std::vector<layer_case> cases;
  for (const std::string& name : activation_function::names()) {
    const bool kinked = name == "relu" || name == "leaky_relu";
    cases.push_back({"activation", {{"function", name}}, {7}, 3, kinked});
    cases.push_back({"activation", {{"function", name}}, {2, 3, 4}, 2, kinked});
    cases.push_back({"dense", {{"units", whole(6)}, {"activation", name}}, {5}, 4, kinked});
    cases.push_back({"conv2d",
                     {{"filters", whole(3)}, {"kernel", whole(2)}, {"activation", name}},
                     {4, 5, 2},
                     2,
                     kinked});
  }
  cases.push_back({"activation", {{"function", word("leaky_relu")}, {"alpha", 0.1}}, {9}, 3, true});
  cases.push_back({"activation", {{"function", word("elu")}, {"alpha", 0.5}}, {9}, 3, true});
  return cases;
}

std::vector<layer_case> convolution_cases() {
  const std::string same = "same";
  return {
      {"conv2d", {{"filters", whole(4)}, {"kernel", whole(3)}}, {6, 5, 1}, 3},
      {"conv2d", {{"filters", whole(17)}, {"kernel", whole(3)}}, {5, 5, 16}, 2},
      {"conv2d", {{"filters", whole(3)}, {"kernel", integers{2, 3}}, {"padding", same}}, {4, 5, 3}},
      {"conv2d", {{"filters", whole(2)}, {"kernel", whole(3)}, {"stride", whole(2)}}, {7, 8, 2}},
      {"conv2d",
       {{"filters", whole(5)},
        {"kernel", integers{3, 4}},
        {"stride", integers{2, 3}},
        {"padding", same},
        {"use_bias", false}},
       {7, 8, 2}},
      {"conv2d", {{"filters", whole(3)}, {"kernel", whole(1)}}, {3, 4, 5}},
      {"conv2d", {{"filters", whole(2)}, {"kernel", whole(5)}, {"padding", same}}, {2, 3, 2}},
  };
}

std::vector<layer_case> pooling_cases(const std::string& kind, bool kinked) {
  const std::string same = "same";
  return {
      {kind, {}, {4, 6, 3}, 2, kinked},
      {kind, {{"pool", integers{2, 3}}}, {5, 7, 2}, 3, kinked},
      {kind, {{"pool", whole(3)}, {"stride", whole(1)}}, {5, 4, 2}, 2, kinked},
      {kind, {{"pool", whole(3)}, {"stride", whole(2)}, {"padding", same}}, {6, 5, 2}, 2, kinked},
      {kind, {{"pool", whole(2)}, {"padding", same}}, {5, 5, 1}, 2, kinked},
      {kind, {{"pool", whole(1)}, {"stride", whole(2)}}, {5, 5, 1}, 2, kinked},
  };
}

std::vector<layer_case> all_cases() {
  std::vector<layer_case> cases = {
      {"dense", {{"units", whole(1)}}, {1}, 1},
      {"dense", {{"units", whole(4)}, {"use_bias", false}}, {13}, 5},
      {"dense", {{"units", whole(33)}}, {17}, 4},
      {"flatten", {}, {2, 3, 2}},
      {"reshape", {{"shape", integers{3, -1}}}, {2, 3, 2}},
      {"dropout", {{"rate", 0.4}}, {11}, 4},
      {"dropout", {{"rate", 0.0}}, {2, 3}, 2},
      {"batch_normalization", {}, {5}, 6},
      {"batch_normalization", {{"epsilon", 0.1}}, {2, 3, 4}, 3},
      {"layer_normalization", {}, {6}, 4},
      {"layer_normalization", {{"epsilon", 0.01}}, {2, 2, 5}, 3},
  };
  const auto append = [&](const std::vector<layer_case>& more) {
    cases.insert(cases.end(), more.begin(), more.end());
  };
  append(activation_cases());
  append(convolution_cases());
  append(pooling_cases("max_pool2d", true));
  append(pooling_cases("average_pool2d", false));
  return cases;
}

/// A layer with all it needs, and the loss sum(weight x output) as a function of its numbers.
class bench {
 public:
  bench(const layer_case& c, std::size_t largest_batch)
      : rows_(c.rows),
        layer_(make_layer(c.kind, c.options, c.input)),
        pass_(layer_->prepare(largest_batch, 1)),
        x(random_floats(c.rows * volume(c.input), 1)),
        parameters(random_floats(count(layer_->parameters()), 2, 0.7f)),
        statistics_(count(layer_->statistics()), 1.0f),
        weights_(random_floats(c.rows * volume(layer_->output()), 3)),
        y_(weights_.size()) {}

  double loss() {
    pass_->forward(parameters.data(), statistics_.data(), x.data(), y_.data(), rows_, true, at_);
    double sum = 0;
    for (std::size_t i = 0; i < y_.size(); ++i) sum += double{weights_[i]} * y_[i];
    return sum;
  }

  /// Sets `gradient` and `dx`, which start as not-a-number: each must be written.
  void differentiate() {
    loss();
    std::vector<float> dy = weights_;
    const float unset = std::numeric_limits<float>::quiet_NaN();
    gradient.assign(parameters.size(), unset);
    dx.assign(x.size(), unset);
    pass_->backward(parameters.data(), x.data(), y_.data(), dy.data(), gradient.data(), dx.data(),
                    rows_, at_);
  }

  /// Without dx: the same gradient of the parameters.
  std::vector<float> gradient_alone() {
    loss();
    std::vector<float> dy = weights_, out(parameters.size());
    pass_->backward(parameters.data(), x.data(), y_.data(), dy.data(), out.data(), nullptr, rows_,
                    at_);
    return out;
  }

 private:
  std::size_t rows_;
  std::unique_ptr<layer> layer_;
  std::unique_ptr<layer_pass> pass_;
  draw at_{7, 2, 40};

 public:
  std::vector<float> x, parameters, gradient, dx;

 private:
  std::vector<float> statistics_, weights_, y_;
};

/// Compares derivatives by `values` with central differences; a kink shows in one-sided
/// differences that disagree, and is passed over.
void compare(bench& b, std::vector<float>& values, const std::vector<float>& derivatives,
             bool kinked, const std::string& what) {
  const std::size_t stride = 1 + values.size() / most_probes;
  const double middle = b.loss();
  std::size_t probes = 0, kinks = 0;
  for (std::size_t i = 0; i < values.size(); i += stride, ++probes) {
    const float before = values[i];
    const float above = before + static_cast<float>(step),
                below = before - static_cast<float>(step);
    values[i] = above;
    const double high = b.loss();
    values[i] = below;
    const double low = b.loss();
    values[i] = before;
    const double numeric = (high - low) / (double{above} - double{below});
    const double bend = std::abs((high - middle) / step - (middle - low) / step);
    if (kinked && bend > tolerance * (1 + std::abs(numeric))) {
      ++kinks;
      continue;
    }
    const double error = std::abs(numeric - derivatives[i]) / (1 + std::abs(numeric));
    BOOST_TEST(error < tolerance, what << " " << i << ": " << derivatives[i] << " but differences "
                                       << "give " << numeric);
  }
  BOOST_TEST(static_cast<double>(kinks) <= most_kinks * static_cast<double>(probes),
             what << ": " << kinks << " kinks among " << probes);
}

void check(const layer_case& c, std::size_t largest_batch) {
  BOOST_TEST_CONTEXT(c.kind << " on " << to_text(c.input) << ", " << c.rows << " of "
                            << largest_batch << " rows") {
    bench b(c, largest_batch);
    b.differentiate();
    const std::vector<float> gradient = b.gradient, dx = b.dx;
    compare(b, b.parameters, gradient, c.kinked, "parameter");
    compare(b, b.x, dx, c.kinked, "input");
    BOOST_TEST(b.gradient_alone() == gradient, boost::test_tools::per_element());
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(layer_gradient)

BOOST_AUTO_TEST_CASE(every_layer_agrees_with_finite_differences) {
  const std::vector<layer_case> cases = all_cases();
  const registry<layer_entry> all = builtin_layers();
  for (const layer_entry& entry : all.entries()) {
    std::size_t checked = 0;
    for (const layer_case& c : cases) {
      if (c.kind != entry.name) continue;
      check(c, c.rows);
      check(c, c.rows + 2);  // a short mini-batch takes other ways in some layers
      ++checked;
    }
    BOOST_TEST(checked > 0, "no gradient check for layer " << entry.name);
  }
}

BOOST_AUTO_TEST_SUITE_END()
