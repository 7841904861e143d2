#include <algorithm>
#include <dnnl.hpp>
#include <optional>
#include <stdexcept>
#include <vector>

#include "troupe/models/float_buffer.hpp"
#include "troupe/models/kernels_common.hpp"

namespace troupe::kernels {

namespace {

using dnnl::memory;
using tag = memory::format_tag;

memory::desc floats(const memory::dims& dims, tag order) {
  return memory::desc(dims, memory::data_type::f32, order);
}

/// A primitive with the list of its arguments. Executed through the C interface, because the C++
/// one builds a map and a vector on the heap at each call.
class call {
 public:
  call() = default;
  explicit call(dnnl::primitive primitive) : primitive_(std::move(primitive)) {}

  /// An argument whose place in memory is said at each run (or once, by `point`).
  std::size_t add(int argument, const memory& held) {
    held_.push_back(held);
    arguments_.push_back({argument, held_.back().get()});
    return held_.size() - 1;
  }
  /// Buffers that are only read are handed in as const floats; the library's type has no const.
  void point(std::size_t index, const float* data) {
    check(dnnl_memory_set_data_handle(arguments_[index].memory, const_cast<float*>(data)));
  }
  void run(const dnnl::stream& stream) const {
    check(dnnl_primitive_execute(primitive_.get(), stream.get(),
                                 static_cast<int>(arguments_.size()), arguments_.data()));
  }

 private:
  static void check(dnnl_status_t status) {
    if (status != dnnl_success) throw std::runtime_error("oneDNN refused a convolution");
  }
  dnnl::primitive primitive_;
  std::vector<memory> held_;
  std::vector<dnnl_exec_arg_t> arguments_;
};

/// What all three products of a convolution are described by, for a fixed number of rows.
struct description {
  description(const conv2d_geometry& g, std::size_t rows) {
    const auto size = [](std::size_t value) { return static_cast<memory::dim>(value); };
    const window_geometry& w = g.window;
    x = floats({size(rows), size(w.channels), size(w.height), size(w.width)}, tag::nhwc);
    y = floats({size(rows), size(g.filters), size(w.out_height), size(w.out_width)}, tag::nhwc);
    const memory::dims dims = {size(g.filters), size(w.channels), size(w.window_height),
                               size(w.window_width)};
    any_weights = floats(dims, tag::any);
    plain_weights = floats(dims, tag::hwio);
    bias = g.bias ? floats({size(g.filters)}, tag::a) : memory::desc();
    strides = {size(w.stride_height), size(w.stride_width)};
    before = {size(w.pad_top), size(w.pad_left)};
    after = {size(w.pad_bottom), size(w.pad_right)};
    own_scratch.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  }

  dnnl::convolution_forward::primitive_desc forward(const dnnl::engine& engine, bool relu) const {
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    if (relu) {
      dnnl::post_ops after_sum;
      after_sum.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
      attributes.set_post_ops(after_sum);
    }
    return {{dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_direct, x, any_weights,
             bias, y, strides, before, after},
            attributes,
            engine};
  }

  memory::desc x, y, any_weights, plain_weights, bias;
  memory::dims strides, before, after;
  dnnl::primitive_attr own_scratch;
};

/// Weights in the library's order and the way between it and ours.
class packed_weights {
 public:
  packed_weights(const dnnl::engine& engine, const memory::desc& plain, const memory::desc& packed)
      : values_(packed.get_size() / sizeof(float)),
        plain_(plain, engine, nullptr),
        packed_(packed, engine, values_.data()) {
    pack_ = call(dnnl::reorder(plain_, packed_));
    pack_.add(DNNL_ARG_FROM, plain_);
    pack_.add(DNNL_ARG_TO, packed_);
    unpack_ = call(dnnl::reorder(packed_, plain_));
    unpack_.add(DNNL_ARG_FROM, packed_);
    unpack_.add(DNNL_ARG_TO, plain_);
  }
  void pack(const float* plain, const dnnl::stream& stream) {
    pack_.point(0, plain);
    pack_.run(stream);
  }
  void unpack(float* plain, const dnnl::stream& stream) {
    unpack_.point(1, plain);
    unpack_.run(stream);
  }
  const memory& packed() const { return packed_; }
  float_buffer& values() { return values_; }

 private:
  float_buffer values_;
  memory plain_, packed_;
  call pack_, unpack_;
};

/// One of the products for a fixed number of rows: a primitive, its weights and its scratch.
struct product {
  product(const dnnl::engine& engine, const description& d, const dnnl::primitive& primitive,
          const memory::desc& weights_order, const memory::desc& scratch_size)
      : weights(engine, d.plain_weights, weights_order),
        scratch(scratch_size.get_size() / sizeof(float) + 1),
        execute(primitive) {
    execute.add(DNNL_ARG_SCRATCHPAD, memory(scratch_size, engine, scratch.data()));
  }
  packed_weights weights;
  float_buffer scratch;
  call execute;
  std::size_t first = 0, second = 0, bias = 0;  // arguments said at each run
};

class onednn_conv2d final : public conv2d_kernels {
 public:
  onednn_conv2d(const conv2d_geometry& geometry, std::size_t largest_batch)
      : g_(geometry),
        largest_(largest_batch),
        engine_(dnnl::engine::kind::cpu, 0),
        stream_(engine_),
        whole_(geometry, largest_batch),
        single_(geometry, 1),
        bias_part_(geometry.filters) {}

  void forward(const float* x, const float* w, const float* bias, float* y,
               std::size_t rows) override {
    const one_thread guard;
    product& p = made(forward_[rows == largest_], rows, &onednn_conv2d::make_forward);
    p.weights.pack(w, stream_);
    if (g_.bias) p.execute.point(p.bias, bias);
    each(rows, [&](std::size_t row) {
      run(p, x + row * g_.window.in_volume(), y + row * g_.out_volume());
    });
  }

  void weight_gradient(const float* x, const float* dy, float* dw, float* db,
                       std::size_t rows) override {
    const one_thread guard;
    product& p = made(weights_[rows == largest_], rows, &onednn_conv2d::make_weight_gradient);
    if (rows == largest_) {
      if (g_.bias) p.execute.point(p.bias, db);
      run(p, x, dy);
    } else {
      sum_over_rows(p, x, dy, db, rows);
    }
    p.weights.unpack(dw, stream_);
  }

  void input_gradient(const float* dy, const float* w, float* dx, std::size_t rows) override {
    const one_thread guard;
    product& p = made(inputs_[rows == largest_], rows, &onednn_conv2d::make_input_gradient);
    p.weights.pack(w, stream_);
    each(rows, [&](std::size_t row) {
      run(p, dy + row * g_.out_volume(), dx + row * g_.window.in_volume());
    });
  }

 private:
  using maker = void (onednn_conv2d::*)(std::optional<product>&, const description&);

  /// A full mini-batch is one execution. A short one goes row by row, which is as fast and needs
  /// no object for each number of rows.
  template <class Visit>
  void each(std::size_t rows, Visit visit) const {
    if (rows == largest_) return visit(0);
    for (std::size_t row = 0; row < rows; ++row) visit(row);
  }

  void run(product& p, const float* first, const float* second) {
    p.execute.point(p.first, first);
    p.execute.point(p.second, second);
    p.execute.run(stream_);
  }

  /// The weight gradient of a short mini-batch, left in the library's order in p.weights.
  void sum_over_rows(product& p, const float* x, const float* dy, float* db, std::size_t rows) {
    float* sum = sum_.data();
    float* part = p.weights.values().data();
    std::fill_n(sum, sum_.size(), 0.0f);
    if (g_.bias) {
      std::fill_n(db, g_.filters, 0.0f);
      p.execute.point(p.bias, bias_part_.data());
    }
    for (std::size_t row = 0; row < rows; ++row) {
      run(p, x + row * g_.window.in_volume(), dy + row * g_.out_volume());
      for (std::size_t i = 0; i < sum_.size(); ++i) sum[i] += part[i];
      for (std::size_t i = 0; g_.bias && i < g_.filters; ++i) db[i] += bias_part_.data()[i];
    }
    std::copy_n(sum, sum_.size(), part);
  }

  product& made(std::optional<product>& slot, std::size_t rows, maker make) {
    if (!slot) (this->*make)(slot, rows == largest_ ? whole_ : single_);
    return *slot;
  }

  void make_forward(std::optional<product>& slot, const description& d) {
    const auto chosen = d.forward(engine_, g_.relu);
    slot.emplace(engine_, d, dnnl::convolution_forward(chosen), chosen.weights_desc(),
                 chosen.scratchpad_desc());
    finish(*slot, DNNL_ARG_SRC, d.x, DNNL_ARG_DST, d.y, DNNL_ARG_WEIGHTS);
    add_bias_argument(*slot, d, DNNL_ARG_BIAS);
  }

  void make_weight_gradient(std::optional<product>& slot, const description& d) {
    const dnnl::convolution_backward_weights::primitive_desc chosen(
        {dnnl::algorithm::convolution_direct, d.x, d.any_weights, d.bias, d.y, d.strides, d.before,
         d.after},
        d.own_scratch, engine_, d.forward(engine_, false));
    slot.emplace(engine_, d, dnnl::convolution_backward_weights(chosen), chosen.diff_weights_desc(),
                 chosen.scratchpad_desc());
    finish(*slot, DNNL_ARG_SRC, d.x, DNNL_ARG_DIFF_DST, d.y, DNNL_ARG_DIFF_WEIGHTS);
    add_bias_argument(*slot, d, DNNL_ARG_DIFF_BIAS);
    if (&d == &single_) sum_ = float_buffer(slot->weights.values().size());
  }

  void make_input_gradient(std::optional<product>& slot, const description& d) {
    const dnnl::convolution_backward_data::primitive_desc chosen(
        {dnnl::algorithm::convolution_direct, d.x, d.any_weights, d.y, d.strides, d.before,
         d.after},
        d.own_scratch, engine_, d.forward(engine_, false));
    slot.emplace(engine_, d, dnnl::convolution_backward_data(chosen), chosen.weights_desc(),
                 chosen.scratchpad_desc());
    finish(*slot, DNNL_ARG_DIFF_DST, d.y, DNNL_ARG_DIFF_SRC, d.x, DNNL_ARG_WEIGHTS);
  }

  void finish(product& p, int first, const memory::desc& first_order, int second,
              const memory::desc& second_order, int weights) {
    p.first = p.execute.add(first, memory(first_order, engine_, nullptr));
    p.second = p.execute.add(second, memory(second_order, engine_, nullptr));
    p.execute.add(weights, p.weights.packed());
  }

  void add_bias_argument(product& p, const description& d, int argument) {
    if (g_.bias) p.bias = p.execute.add(argument, memory(d.bias, engine_, nullptr));
  }

  conv2d_geometry g_;
  std::size_t largest_;
  dnnl::engine engine_;
  dnnl::stream stream_;
  description whole_, single_;
  std::optional<product> forward_[2], weights_[2], inputs_[2];  // [1]: for full mini-batches
  float_buffer sum_, bias_part_;  // for the rows of a short mini-batch
};

}  // namespace

std::unique_ptr<conv2d_kernels> make_onednn_conv2d(const conv2d_geometry& geometry,
                                                   std::size_t largest_batch) {
  const one_thread guard;
  return std::make_unique<onednn_conv2d>(geometry, largest_batch);
}

}  // namespace troupe::kernels
