#pragma once

#include <vector>

#include "models/layer_fixture.hpp"
#include "troupe/models/network.hpp"

namespace troupe::testing {

inline layer_spec dense(std::int64_t units, const char* activation = "linear") {
  return {"dense", {{"units", units}, {"activation", std::string(activation)}}};
}
inline layer_spec conv2d(std::int64_t filters, std::int64_t kernel, const char* activation) {
  return {"conv2d",
          {{"filters", filters}, {"kernel", kernel}, {"activation", std::string(activation)}}};
}
inline layer_spec bare(const char* kind) {
  return {kind, {}};
}

inline model_spec model(shape input, std::vector<layer_spec> layers,
                        std::string loss = "categorical_crossentropy") {
  model_spec spec;
  spec.input = std::move(input);
  spec.layers = std::move(layers);
  spec.loss = std::move(loss);
  return spec;
}

/// The acceptance job's model.
inline model_spec mnist_convnet() {
  return model({28, 28, 1}, {conv2d(32, 3, "relu"),
                             conv2d(32, 3, "relu"),
                             {"max_pool2d", {{"pool", whole(2)}}},
                             bare("flatten"),
                             dense(225, "relu"),
                             {"dropout", {{"rate", 0.4}}},
                             dense(10, "softmax")});
}

inline model_spec higgs_mlp() {
  return model(
      {30},
      {dense(500, "relu"), {"dropout", {{"rate", 0.4}}}, dense(500, "relu"), dense(2, "softmax")});
}

/// A network with its vectors and a mini-batch of random rows.
struct workplace {
  workplace(const model_spec& spec, std::size_t largest_batch, std::size_t label_width = 1)
      : net(spec, largest_batch, model_catalogue::builtin()),
        parameters(net.summary().parameters),
        statistics(net.summary().statistics),
        gradient(net.summary().parameters),
        features(random_floats(largest_batch * volume(spec.input), 5)),
        labels(largest_batch * label_width),
        label_width_(label_width) {
    net.initialise(parameters, statistics, 7);
    const random_stream stream(6, random_purpose::test);
    const std::size_t classes = volume(net.summary().output);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const bool several = net.summary().labels == label_use::classes;
      labels[i] = static_cast<float>(stream.below(i, several ? classes : 2));
    }
  }

  batch rows(std::size_t count) const {
    return {count, features.data(), labels.data(), label_width_};
  }
  step_result step(std::size_t count, const draw& at = {7, 0, 0}) {
    return net.gradient(parameters, statistics, rows(count), at, gradient);
  }

  network net;
  std::vector<float> parameters, statistics, gradient, features, labels;

 private:
  std::size_t label_width_;
};

}  // namespace troupe::testing
