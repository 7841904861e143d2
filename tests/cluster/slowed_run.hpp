#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cluster/workspace.hpp"
#include "troupe/cluster/control/control_client.hpp"
#include "troupe/troupe.hpp"

namespace troupe::testing {

/// How long a worker takes for a mini-batch, beside what it computes.
class pace_of_workers {
 public:
  /// The first thread to train takes four times as long as the others.
  void train() {
    thread_local int place = -1;
    if (place < 0) place = next_++;
    const std::chrono::milliseconds time(place == 0 ? 16 : 4);
    std::unique_lock<std::mutex> lock(mutex_);
    hurry_.wait_for(lock, time, [this] { return hurries_; });
  }
  /// Nobody takes longer than need be any more.
  void hurry() {
    const std::lock_guard<std::mutex> lock(mutex_);
    hurries_ = true;
    hurry_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable hurry_;
  bool hurries_ = false;
  std::atomic<int> next_{0};
};

/// A layer that takes its time and changes nothing.
class slow_layer final : public layer {
 public:
  slow_layer(shape of, pace_of_workers& at) : shape_(std::move(of)), pace_(at) {}
  shape output() const override { return shape_; }
  std::unique_ptr<layer_pass> prepare(std::size_t, std::size_t) const override {
    return std::make_unique<pass>(volume(shape_), pace_);
  }

 private:
  class pass final : public layer_pass {
   public:
    pass(std::size_t values, pace_of_workers& at) : values_(values), pace_(at) {}
    void forward(const float*, float*, const float* x, float* y, std::size_t rows, bool training,
                 const draw&) override {
      std::copy_n(x, rows * values_, y);
      if (training) pace_.train();
    }
    void backward(const float*, const float*, const float*, float* dy, float*, float* dx,
                  std::size_t rows, const draw&) override {
      if (dx) std::copy_n(dy, rows * values_, dx);
    }

   private:
    std::size_t values_;
    pace_of_workers& pace_;
  };
  shape shape_;
  pace_of_workers& pace_;
};

/// A run of this process, in a folder of its own, that goes on until it is stopped: digits, with
/// four workers, one of which is slow. Stopped with this.
class slowed_run {
 public:
  explicit slowed_run(const std::string& in, const std::vector<std::string>& overrides = {})
      : folder(in) {
    catalogue known = catalogue::builtin();
    layer_entry entry;
    entry.name = "slow";
    entry.summary = "Takes its time.";
    entry.make = [this](const settings&, const shape& input) {
      return std::make_unique<slow_layer>(input, pace_);
    };
    known.models.layers.add(entry);
    const job of = parse_job(
        "name: digits\n"
        "data:\n"
        "  train: {format: synthetic, kind: digits, rows: 5000}\n"
        "  split: {test: 0.2}\n"
        "  transforms: [{min_max: {from: [0, 255]}}]\n"
        "model:\n"
        "  input: [784]\n"
        "  layers: [slow, {dense: {units: 16, activation: relu}},\n"
        "           {dense: {units: 10, activation: softmax}}]\n"
        "  metrics: [accuracy]\n"
        "optimizer:\n"
        "  protocol: adag\n"
        "  communication_window: 5\n"
        "  consistency: {name: bounded, staleness: 4}\n"
        "  gradient_rule: {name: adam, learning_rate: 0.001}\n"
        "training: {epochs: 100000, batch_size: 8}\n"
        "actors: {workers: 4, parameter_servers: 2, slice: 4096}\n",
        "slowed.yaml", overrides, known);
    train_options options;
    options.folder = folder;
    options.observer.on_event = [this](const run_event& e) {
      if (e.name == "started") started_.set_value();
    };
    done_ =
        std::async(std::launch::async, [of, options, known] { return train(of, options, known); });
    BOOST_REQUIRE(started_.get_future().wait_for(std::chrono::seconds(60)) ==
                  std::future_status::ready);
  }
  ~slowed_run() {
    if (done_.valid()) end();
  }
  slowed_run(const slowed_run&) = delete;
  slowed_run& operator=(const slowed_run&) = delete;

  /// Stops it, where nobody else has.
  train_result end() {
    pace_.hurry();
    try {
      connect_to_folder(folder)->ask({{"request", "stop"}});
    } catch (const error&) {  // it is over
    }
    return done_.get();
  }

  const std::string folder;

 private:
  pace_of_workers pace_;
  std::promise<void> started_;
  std::future<train_result> done_;
};

}  // namespace troupe::testing
