#include "troupe/models/kernels.hpp"

#include <omp.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <thread>

#include "models/layer_fixture.hpp"

using namespace troupe;
using troupe::testing::random_floats;

namespace {

constexpr float tolerance = 2e-5f;  // per summed product, both libraries in float

void expect_near(const std::vector<float>& a, const std::vector<float>& b, std::size_t products,
                 const char* what) {
  const float allowed = tolerance * std::sqrt(static_cast<float>(products));
  float worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const float difference = std::abs(a[i] - b[i]);
    worst = difference <= worst ? worst : difference;  // not-a-number counts as worst
  }
  BOOST_TEST(worst <= allowed, what << " differ by " << worst);
}

struct results {
  std::vector<float> y, dw, db, dx;
};

results run_dense(const dense_geometry& g, std::size_t rows, bool bias, kernel_backend backend) {
  const auto x = random_floats(rows * g.inputs, 1), w = random_floats(g.inputs * g.outputs, 2);
  const auto b = random_floats(g.outputs, 3), dy = random_floats(rows * g.outputs, 4);
  results r{std::vector<float>(dy.size(), NAN), std::vector<float>(w.size(), NAN),
            std::vector<float>(g.outputs, NAN), std::vector<float>(x.size(), NAN)};
  const auto kernels = make_dense_kernels(g, backend);
  kernels->forward(x.data(), w.data(), bias ? b.data() : nullptr, r.y.data(), rows);
  kernels->weight_gradient(x.data(), dy.data(), r.dw.data(), r.db.data(), rows);
  kernels->input_gradient(dy.data(), w.data(), r.dx.data(), rows);
  return r;
}

conv2d_geometry geometry(shape in, std::size_t filters, shape window, shape stride, shape pad) {
  conv2d_geometry g;
  g.filters = filters;
  window_geometry& w = g.window;
  w.height = in[0], w.width = in[1], w.channels = in[2];
  w.window_height = window[0], w.window_width = window[1];
  w.stride_height = stride[0], w.stride_width = stride[1];
  w.pad_top = pad[0], w.pad_bottom = pad[1], w.pad_left = pad[2], w.pad_right = pad[3];
  w.out_height = (w.height + pad[0] + pad[1] - window[0]) / stride[0] + 1;
  w.out_width = (w.width + pad[2] + pad[3] - window[1]) / stride[1] + 1;
  return g;
}

std::vector<conv2d_geometry> geometries() {
  return {geometry({28, 28, 1}, 32, {3, 3}, {1, 1}, {0, 0, 0, 0}),
          geometry({26, 26, 32}, 32, {3, 3}, {1, 1}, {0, 0, 0, 0}),
          geometry({7, 9, 3}, 5, {3, 3}, {1, 1}, {1, 1, 1, 1}),
          geometry({8, 9, 4}, 24, {5, 4}, {2, 3}, {1, 2, 1, 1}),
          geometry({6, 6, 17}, 3, {1, 1}, {2, 2}, {0, 0, 0, 0}),
          geometry({2, 3, 2}, 2, {5, 5}, {1, 1}, {2, 2, 2, 2})};
}

results run_conv2d(const conv2d_geometry& g, std::size_t rows, std::size_t largest,
                   kernel_backend backend) {
  const auto x = random_floats(rows * g.window.in_volume(), 1), w = random_floats(g.weights(), 2);
  const auto b = random_floats(g.filters, 3), dy = random_floats(rows * g.out_volume(), 4);
  results r{std::vector<float>(dy.size(), NAN), std::vector<float>(w.size(), NAN),
            std::vector<float>(g.filters, g.bias ? NAN : 0.0f), std::vector<float>(x.size(), NAN)};
  const auto kernels = make_conv2d_kernels(g, largest, backend);
  for (int again = 0; again < 2; ++again) {  // nothing may be left over from the first time
    kernels->forward(x.data(), w.data(), b.data(), r.y.data(), rows);
    kernels->weight_gradient(x.data(), dy.data(), r.dw.data(), r.db.data(), rows);
    kernels->input_gradient(dy.data(), w.data(), r.dx.data(), rows);
  }
  return r;
}

/// Output by the definition, in double.
std::vector<float> defined_forward(const conv2d_geometry& g, std::size_t rows) {
  const window_geometry& v = g.window;
  const auto x = random_floats(rows * v.in_volume(), 1), w = random_floats(g.weights(), 2);
  const auto b = random_floats(g.filters, 3);
  std::vector<float> y;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t i = 0; i < v.out_height; ++i) {
      for (std::size_t j = 0; j < v.out_width; ++j) {
        for (std::size_t f = 0; f < g.filters; ++f) {
          double sum = b[f];
          for (std::size_t k = 0; k < v.window_volume(); ++k) {
            const std::size_t c = k % v.channels, column = k / v.channels % v.window_width;
            const std::size_t h = i * v.stride_height + k / v.channels / v.window_width - v.pad_top;
            const std::size_t l = j * v.stride_width + column - v.pad_left;
            if (h >= v.height || l >= v.width) continue;  // below zero wraps to huge
            sum += double{x[r * v.in_volume() + (h * v.width + l) * v.channels + c]} *
                   w[k * g.filters + f];
          }
          y.push_back(static_cast<float>(g.relu && sum < 0 ? 0 : sum));
        }
      }
    }
  }
  return y;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(kernels)

BOOST_AUTO_TEST_CASE(dense_products_of_all_backends_agree) {
  // Sizes end within vectors, tiles and blocks of each backend, and go beyond them.
  const std::size_t sizes[][3] = {{1, 1, 1},     {3, 5, 7},     {32, 784, 128},
                                  {32, 30, 500}, {16, 225, 10}, {37, 131, 101},
                                  {9, 300, 17},  {300, 70, 33}, {20, 260, 1100}};
  for (const auto& s : sizes) {
    for (int variant = 0; variant < 4; ++variant) {
      dense_geometry g{s[1], s[2]};
      g.relu = variant & 1;
      const bool bias = variant & 2;
      const results b = run_dense(g, s[0], bias, kernel_backend::eigen);
      for (const kernel_backend backend : {kernel_backend::fastest, kernel_backend::onednn}) {
        const results a = run_dense(g, s[0], bias, backend);
        BOOST_TEST_CONTEXT(s[0] << " x " << s[1] << " x " << s[2] << ", variant " << variant
                                << ", backend " << static_cast<int>(backend)) {
          expect_near(a.y, b.y, g.inputs, "outputs");
          expect_near(a.dw, b.dw, s[0], "weight gradients");
          expect_near(a.db, b.db, s[0], "bias gradients");
          expect_near(a.dx, b.dx, g.outputs, "input gradients");
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_dense_layer_with_relu_lets_not_a_number_through) {
  dense_geometry g{20, 33};
  g.relu = true;
  std::vector<float> x(9 * g.inputs, 1.0f), w(g.inputs * g.outputs, -1.0f), y(9 * g.outputs);
  w[5] = NAN;
  for (const kernel_backend backend :
       {kernel_backend::fastest, kernel_backend::onednn, kernel_backend::eigen}) {
    make_dense_kernels(g, backend)->forward(x.data(), w.data(), nullptr, y.data(), 9);
    for (std::size_t i = 0; i < y.size(); ++i) {
      const bool poisoned = i % g.outputs == 5;
      BOOST_TEST(std::isnan(y[i]) == poisoned);
      if (!poisoned) BOOST_TEST(y[i] == 0);
    }
  }
}

BOOST_AUTO_TEST_CASE(convolutions_of_both_libraries_agree) {
  for (conv2d_geometry g : geometries()) {
    for (int variant = 0; variant < 4; ++variant) {
      g.relu = variant & 1;
      g.bias = variant & 2;
      for (const std::size_t rows : {4, 3, 1}) {
        const results a = run_conv2d(g, rows, 4, kernel_backend::onednn);
        const results b = run_conv2d(g, rows, 4, kernel_backend::eigen);
        const std::size_t cells = g.window.out_height * g.window.out_width;
        BOOST_TEST_CONTEXT("input " << g.window.height << " x " << g.window.width << ", variant "
                                    << variant << ", rows " << rows) {
          expect_near(a.y, b.y, g.window.window_volume(), "outputs");
          expect_near(a.dw, b.dw, rows * cells, "weight gradients");
          expect_near(a.db, b.db, rows * cells, "bias gradients");
          expect_near(a.dx, b.dx, g.weights() / g.window.channels, "input gradients");
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_convolution_is_what_it_is_defined_to_be) {
  for (conv2d_geometry g : geometries()) {
    g.relu = true;
    const std::vector<float> wanted = defined_forward(g, 2);
    expect_near(run_conv2d(g, 2, 2, kernel_backend::onednn).y, wanted, g.window.window_volume(),
                "oneDNN");
    expect_near(run_conv2d(g, 2, 2, kernel_backend::eigen).y, wanted, g.window.window_volume(),
                "Eigen");
  }
}

BOOST_AUTO_TEST_CASE(results_are_the_same_bits_each_time_and_on_each_thread) {
  const conv2d_geometry g = geometries()[3];
  const results here = run_conv2d(g, 4, 4, kernel_backend::onednn);
  results there;
  std::thread([&] { there = run_conv2d(g, 4, 4, kernel_backend::onednn); }).join();
  BOOST_TEST(here.y == there.y, boost::test_tools::per_element());
  BOOST_TEST(here.dw == there.dw, boost::test_tools::per_element());
  BOOST_TEST(here.dx == there.dx, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_callers_openmp_setting_is_left_alone) {
  std::thread([] {
    omp_set_num_threads(3);
    run_conv2d(geometries()[2], 4, 4, kernel_backend::onednn);
    run_dense({5, 6}, 4, true, kernel_backend::fastest);
    run_dense({5, 6}, 4, true, kernel_backend::onednn);
    BOOST_TEST(omp_get_max_threads() == 3);
  }).join();
}

BOOST_AUTO_TEST_SUITE_END()
