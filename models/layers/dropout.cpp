#include <algorithm>
#include <cmath>
#include <vector>

#include "troupe/base/random.hpp"
#include "troupe/models/layers/builtin.hpp"
#include "troupe/models/layers/common_options.hpp"

namespace troupe::layers {

namespace {

constexpr std::uint32_t levels = 1 << 16;  // 16 random bits a number: the rate in steps of 1/65536

/// Inverted dropout: what is kept is scaled up in training, so that prediction does nothing.
/// Srivastava et al., "Dropout", JMLR 15 (2014).
///
/// The random numbers of a row begin at its position in the epoch times a fixed count of words,
/// so that a row loses the same numbers in whatever mini-batch, on whatever worker. A word serves
/// two numbers: its lower half one of the row's first half, its upper half one of the second.
class dropout_pass final : public layer_pass {
 public:
  dropout_pass(std::size_t row_volume, double rate, std::size_t largest_batch, std::size_t index)
      : volume_(row_volume),
        index_(index),
        words_(((row_volume + 1) / 2 + 3) / 4 * 4),  // whole blocks of the generator
        threshold_(static_cast<std::uint32_t>(std::lround(rate * levels))),
        scale_(static_cast<float>(levels) / static_cast<float>(levels - threshold_)),
        bits_(largest_batch * words_) {}

  void forward(const float*, float*, const float* x, float* y, std::size_t rows, bool training,
               const draw& at) override {
    if (!training) {
      std::copy_n(x, rows * volume_, y);
      return;
    }
    const random_stream stream(at.seed, random_purpose::dropout, at.epoch, index_);
    stream.words(at.first_position * words_, {bits_.data(), rows * words_});
    mask(x, y, rows);
  }

  void backward(const float*, const float*, const float*, float* dy, float*, float* dx,
                std::size_t rows, const draw&) override {
    if (dx) mask(dy, dx, rows);
  }

 private:
  void mask(const float* from, float* to, std::size_t rows) const {
    const std::size_t first_half = (volume_ + 1) / 2, second_half = volume_ / 2;
    const std::uint32_t threshold = threshold_;
    const float scale = scale_;
    for (std::size_t r = 0; r < rows; ++r, from += volume_, to += volume_) {
      const std::uint32_t* bits = bits_.data() + r * words_;
      for (std::size_t i = 0; i < first_half; ++i) {
        const float factor = (bits[i] & (levels - 1)) < threshold ? 0.0f : scale;
        to[i] = from[i] * factor;
      }
      for (std::size_t i = 0; i < second_half; ++i) {
        const float factor = (bits[i] >> 16) < threshold ? 0.0f : scale;
        to[first_half + i] = from[first_half + i] * factor;
      }
    }
  }

  std::size_t volume_, index_, words_;
  std::uint32_t threshold_;  // of 65536 levels, those below it are dropped
  float scale_;
  std::vector<std::uint32_t> bits_;
};

class dropout final : public layer {
 public:
  dropout(shape rows, double rate) : shape_(std::move(rows)), rate_(rate) {}
  shape output() const override { return shape_; }
  std::unique_ptr<layer_pass> prepare(std::size_t largest_batch, std::size_t index) const override {
    return std::make_unique<dropout_pass>(volume(shape_), rate_, largest_batch, index);
  }

 private:
  shape shape_;
  double rate_;
};

}  // namespace

layer_entry dropout_layer() {
  layer_entry entry;
  entry.name = "dropout";
  entry.summary = "In training, zeroes a random share of the numbers and scales up the others.";
  entry.options.push_back(declare::number("rate", "share of the numbers that is dropped")
                              .at_least(0)
                              .at_most(0.9999)
                              .required());
  entry.make = [](const settings& options, const shape& input) -> std::unique_ptr<layer> {
    return std::make_unique<dropout>(input, options.number("rate"));
  };
  return entry;
}

}  // namespace troupe::layers
