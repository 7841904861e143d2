// Matrix products and convolutions of the shapes that training has, on one thread: what a layer
// calls (troupe::dense_kernels and conv2d_kernels) beside Eigen, OpenBLAS and oneDNN's plain matrix
// product, as shares of the rate of multiply-adds in registers, measured in the same run. All of
// them in turns, round by round; the best round of each.

#include <dnnl.h>
#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "peak.hpp"
#include "timing.hpp"
#include "troupe/base/random.hpp"
#include "troupe/models/float_buffer.hpp"
#include "troupe/models/kernels.hpp"

#ifdef TROUPE_BENCH_OPENBLAS
#include <cblas.h>
extern "C" void openblas_set_num_threads(int);
#endif

using namespace troupe;

namespace {

struct arguments {
  bool json = false;
  std::size_t rounds = 40;
};

[[noreturn]] void usage() {
  std::fputs("usage: bench/kernels [--json] [--rounds N]\n", stderr);
  std::exit(2);
}

arguments read(int argc, char** argv) {
  arguments out;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--json") {
      out.json = true;
    } else if (option == "--rounds" && i + 1 < argc) {
      out.rounds = std::strtoul(argv[++i], nullptr, 10);
      if (out.rounds == 0) usage();
    } else {
      usage();
    }
  }
  return out;
}

float_buffer random_numbers(std::size_t count, std::uint64_t seed) {
  float_buffer out(count);
  const random_stream draws(seed, random_purpose::test);
  for (std::size_t i = 0; i < count; ++i) out.data()[i] = draws.uniform(i) - 0.5f;
  return out;
}

/// One way to compute a product; empty where there is none.
using work = std::function<void()>;
constexpr std::size_t libraries = 4;
const char* const names[libraries] = {"troupe", "eigen", "openblas", "onednn"};
using ways = std::array<work, libraries>;

struct row {
  std::string shape, product;
  bool counts;  ///< towards the mean: at least 100 outputs
  std::optional<double> gflops[libraries];
  double peak;
};

/// A row-major product c (m x n) = op(a) op(b); 't' where the operand is stored transposed.
struct plain {
  char a_order, b_order;
  std::size_t m, n, k;
  const float *a, *b;
  float* c;

  std::size_t a_stride() const { return a_order == 'n' ? k : m; }
  std::size_t b_stride() const { return b_order == 'n' ? n : k; }
  void onednn() const {
    const auto size = [](std::size_t value) { return static_cast<dnnl_dim_t>(value); };
    dnnl_sgemm(a_order, b_order, size(m), size(n), size(k), 1, a, size(a_stride()), b,
               size(b_stride()), 0, c, size(n));
  }
#ifdef TROUPE_BENCH_OPENBLAS
  void openblas() const {
    const auto order = [](char o) { return o == 'n' ? CblasNoTrans : CblasTrans; };
    const auto size = [](std::size_t value) { return static_cast<blasint>(value); };
    cblas_sgemm(CblasRowMajor, order(a_order), order(b_order), size(m), size(n), size(k), 1, a,
                size(a_stride()), b, size(b_stride()), 0, c, size(n));
  }
#endif
};

class meter {
 public:
  explicit meter(const arguments& a) : arguments_(a) {
    if (!arguments_.json) {
      fmt::print("{:26} {:16}", "shape (rows x in x out)", "product");
      for (const char* name : names) fmt::print(" {:>9}", name);
      fmt::print(" {:>9} {:>7}\n", "FMA peak", "share");
    }
  }

  /// `mean`: whether it belongs to the mean that is printed at the end.
  void measure(const std::string& shape, const std::string& product, bool mean, double operations,
               const ways& all) {
    std::vector<double> rates[libraries], peaks;
    std::size_t repeats[libraries] = {};
    for (std::size_t round = 0; round <= arguments_.rounds; ++round) {
      for (std::size_t i = 0; i < libraries; ++i) {
        if (!all[i]) continue;
        if (round == 0) {
          repeats[i] = calibrate(all[i]);
        } else {
          rates[i].push_back(operations / timed(all[i], repeats[i]) / 1e9);
        }
      }
      if (round > 0) peaks.push_back(bench::fma_peak(2e-3));
    }
    row r{shape, product, mean, {}, best(peaks)};
    for (std::size_t i = 0; i < libraries; ++i) {
      if (all[i]) r.gflops[i] = best(rates[i]);
    }
    print(r);
    if (!mean) return;
    logs_ += std::log(*r.gflops[0] / r.peak);
    ++count_;
  }

  void finish() const {
    const double share = std::exp(logs_ / static_cast<double>(count_));
    if (arguments_.json) {
      fmt::print("{{\"shape\":\"geometric mean\",\"product\":\"all\",\"share\":{:.4f}}}\n", share);
    } else {
      fmt::print("geometric mean of ours with 100 outputs and more: {:.1f} % of the peak\n",
                 100 * share);
    }
  }

 private:
  /// Whatever else a machine does only makes a round slower.
  static double best(const std::vector<double>& rates) {
    return *std::max_element(rates.begin(), rates.end());
  }
  static double timed(const work& f, std::size_t repeats) {
    const auto start = bench::ticks::now();
    for (std::size_t i = 0; i < repeats; ++i) f();
    return bench::seconds_since(start) / static_cast<double>(repeats);
  }
  /// Repeats that take about 1 ms, after the first calls, which make what is kept.
  static std::size_t calibrate(const work& f) {
    timed(f, 3);
    return static_cast<std::size_t>(1e-3 / timed(f, 3)) + 1;
  }

  void print(const row& r) const {
    if (arguments_.json) {
      fmt::print("{{\"shape\":\"{}\",\"product\":\"{}\"", r.shape, r.product);
      for (std::size_t i = 0; i < libraries; ++i) {
        if (r.gflops[i]) fmt::print(",\"{}\":{:.2f}", names[i], *r.gflops[i]);
      }
      fmt::print(",\"fma_peak\":{:.2f},\"share\":{:.4f}}}\n", r.peak, *r.gflops[0] / r.peak);
    } else {
      fmt::print("{:26} {:16}", r.shape, r.product);
      for (const auto& rate : r.gflops) {
        rate ? fmt::print(" {:9.1f}", *rate) : fmt::print(" {:>9}", "-");
      }
      fmt::print(" {:9.1f} {:6.1f}%\n", r.peak, 100 * *r.gflops[0] / r.peak);
    }
    std::fflush(stdout);
  }

  arguments arguments_;
  double logs_ = 0;
  std::size_t count_ = 0;
};

void add_libraries(ways& all, const plain& p) {
#ifdef TROUPE_BENCH_OPENBLAS
  all[2] = [p] { p.openblas(); };
#endif
  all[3] = [p] { p.onednn(); };
}

void dense(meter& m, std::size_t rows, std::size_t in, std::size_t out) {
  const dense_geometry geometry{in, out};
  const auto ours = make_dense_kernels(geometry);
  const auto eigen = make_dense_kernels(geometry, kernel_backend::eigen);
  float_buffer x = random_numbers(rows * in, 1), w = random_numbers(in * out, 2);
  float_buffer y = random_numbers(rows * out, 3);
  float_buffer to_y(rows * out), to_w(in * out), to_x(rows * in);
  const std::string shape = fmt::format("{} x {} x {}", rows, in, out);
  const double operations = 2.0 * static_cast<double>(rows * in * out);
  const bool counts = out >= 100;
  ways all;
  const auto with = [&](auto call) {
    all[0] = [&ours, call] { call(*ours); };
    all[1] = [&eigen, call] { call(*eigen); };
  };
  with([&](dense_kernels& k) { k.forward(x.data(), w.data(), nullptr, to_y.data(), rows); });
  add_libraries(all, {'n', 'n', rows, out, in, x.data(), w.data(), to_y.data()});
  m.measure(shape, "forward", counts, operations, all);
  with(
      [&](dense_kernels& k) { k.weight_gradient(x.data(), y.data(), to_w.data(), nullptr, rows); });
  add_libraries(all, {'t', 'n', in, out, rows, x.data(), y.data(), to_w.data()});
  m.measure(shape, "weight gradient", counts, operations, all);
  with([&](dense_kernels& k) { k.input_gradient(y.data(), w.data(), to_x.data(), rows); });
  add_libraries(all, {'n', 't', rows, in, out, y.data(), w.data(), to_x.data()});
  m.measure(shape, "input gradient", counts, operations, all);
}

/// 3 x 3 filters over pictures of side x side.
void convolution(meter& m, std::size_t rows, std::size_t side, std::size_t in, std::size_t out) {
  conv2d_geometry g;
  g.window.height = g.window.width = side;
  g.window.channels = in;
  g.window.out_height = g.window.out_width = side - 2;
  g.window.window_height = g.window.window_width = 3;
  g.filters = out;
  const auto ours = make_conv2d_kernels(g, rows);
  const auto eigen = make_conv2d_kernels(g, rows, kernel_backend::eigen);
  float_buffer x = random_numbers(rows * g.window.in_volume(), 1);
  float_buffer w = random_numbers(g.weights(), 2), b = random_numbers(out, 3);
  float_buffer y = random_numbers(rows * g.out_volume(), 4);
  float_buffer to_y(y.size()), to_w(w.size()), to_b(out), to_x(x.size());
  const std::string shape = fmt::format("{} x {}x{}x{} -> {}", rows, side, side, in, out);
  const double operations = 2.0 * static_cast<double>(y.size() * g.window.window_volume());
  ways all;
  const auto with = [&](auto call) {
    all[0] = [&ours, call] { call(*ours); };
    all[1] = [&eigen, call] { call(*eigen); };
  };
  with([&](conv2d_kernels& k) { k.forward(x.data(), w.data(), b.data(), to_y.data(), rows); });
  m.measure(shape, "forward", false, operations, all);
  with([&](conv2d_kernels& k) {
    k.weight_gradient(x.data(), y.data(), to_w.data(), to_b.data(), rows);
  });
  m.measure(shape, "weight gradient", false, operations, all);
  with([&](conv2d_kernels& k) { k.input_gradient(y.data(), w.data(), to_x.data(), rows); });
  m.measure(shape, "input gradient", false, operations, all);
}

}  // namespace

int main(int argc, char** argv) {
  const arguments a = read(argc, argv);
  omp_set_num_threads(1);
#ifdef TROUPE_BENCH_OPENBLAS
  openblas_set_num_threads(1);
#endif
  meter m(a);
  dense(m, 32, 784, 500);
  dense(m, 32, 500, 500);
  dense(m, 32, 30, 500);
  dense(m, 32, 500, 2);
  dense(m, 32, 784, 128);
  dense(m, 32, 128, 128);
  dense(m, 32, 128, 10);
  dense(m, 16, 4608, 225);
  dense(m, 32, 4608, 225);
  dense(m, 128, 784, 500);
  dense(m, 256, 784, 500);
  convolution(m, 16, 28, 1, 32);
  convolution(m, 16, 26, 32, 32);
  m.finish();
}
