#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace troupe::bench {

/// A model that is trained to measure.
struct sample {
  std::size_t batch;  ///< unless another is asked for
  std::vector<std::size_t> input;
  std::size_t classes;
  std::string model;  ///< of the job
  std::string rule;   ///< gradient rule
};

/// By name; bench/peers/models.py has the same.
inline const std::map<std::string, sample>& samples() {
  static const std::map<std::string, sample> all = {
      {"higgs",
       {32,
        {30},
        2,
        "model:\n"
        "  input: [30]\n"
        "  layers:\n"
        "    - dense: {units: 500, activation: relu}\n"
        "    - dense: {units: 500, activation: relu}\n"
        "    - dense: {units: 2, activation: softmax}\n"
        "  loss: categorical_crossentropy\n",
        "adagrad"}},
      {"mlp",
       {32,
        {784},
        10,
        "model:\n"
        "  input: [784]\n"
        "  layers:\n"
        "    - dense: {units: 128, activation: relu}\n"
        "    - dense: {units: 128, activation: relu}\n"
        "    - dense: {units: 10, activation: softmax}\n"
        "  loss: categorical_crossentropy\n",
        "sgd"}},
      {"cnn",
       {16,
        {28, 28, 1},
        10,
        "model:\n"
        "  input: [28, 28, 1]\n"
        "  layers:\n"
        "    - conv2d: {filters: 32, kernel: 3, activation: relu}\n"
        "    - conv2d: {filters: 32, kernel: 3, activation: relu}\n"
        "    - max_pool2d: {pool: 2}\n"
        "    - flatten\n"
        "    - dense: {units: 225, activation: relu}\n"
        "    - dropout: {rate: 0.4}\n"
        "    - dense: {units: 10, activation: softmax}\n"
        "  loss: categorical_crossentropy\n",
        "adam"}},
  };
  return all;
}

}  // namespace troupe::bench
