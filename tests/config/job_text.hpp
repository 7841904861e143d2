#pragma once

#include <string>
#include <vector>

#include "troupe/config/reader.hpp"

namespace troupe::testing {

/// Everything Troupe brings, made once.
inline const catalogue& known() {
  static const catalogue all = catalogue::builtin();
  return all;
}

/// A small sound job for tests to spoil; lines are counted from its first.
inline const std::string sound_job =
    "name: small\n"                                              // 1
    "seed: 3\n"                                                  // 2
    "data:\n"                                                    // 3
    "  train: {format: synthetic, kind: digits, rows: 100}\n"    // 4
    "  split: {test: 0.2}\n"                                     // 5
    "  transforms:\n"                                            // 6
    "    - min_max: {from: [0, 255]}\n"                          // 7
    "model:\n"                                                   // 8
    "  input: [28, 28, 1]\n"                                     // 9
    "  layers:\n"                                                // 10
    "    - conv2d: {filters: 4, kernel: 3, activation: relu}\n"  // 11
    "    - flatten\n"                                            // 12
    "    - dense: {units: 10, activation: softmax}\n"            // 13
    "  metrics: [accuracy]\n"                                    // 14
    "optimizer:\n"                                               // 15
    "  protocol: adag\n"                                         // 16
    "  gradient_rule: {name: adam, learning_rate: 0.001}\n"      // 17
    "training: {epochs: 2, batch_size: 16}\n"                    // 18
    "actors: {workers: 2}\n";                                    // 19

/// The text with the first `from` replaced.
inline std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::logic_error("the job has no " + from);
  return text.replace(at, from.size(), to);
}

inline job parse(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return parse_job(text, "job.yaml", overrides, known());
}

/// What reading and checking says; "" where it is content.
inline std::string complaint(const std::string& text,
                             const std::vector<std::string>& overrides = {}) {
  try {
    check(parse(text, overrides), known());
    return {};
  } catch (const error& e) {
    return e.what();
  }
}

inline std::vector<std::string> sample_jobs() {
  return {"a9a", "digits", "higgs", "iris", "mnist_cnn", "mnist_mlp"};
}
inline std::string sample_path(const std::string& name) {
  return std::string(TROUPE_SOURCE_DIR "/config/jobs/") + name + ".yaml";
}

}  // namespace troupe::testing
