#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

/// The gradient rules for one number, in double, step by step as their papers and Keras 2.2 write
/// them, with Keras' defaults as literals. Nothing here is shared with the implementation.
namespace reference {

struct memory {
  double a = 0, b = 0;  // velocity, moments, accumulators
  double schedule = 1;  // Nadam's product of momenta
};

/// The change of x at step t = 1, 2, ...
using rule = double (*)(double g, int t, memory& s);

inline double sgd(double g, int, memory&) {
  return -0.01 * g;
}

inline double momentum(double g, int, memory& s) {
  s.a = 0.9 * s.a - 0.01 * g;
  return s.a;
}

inline double nesterov(double g, int, memory& s) {
  s.a = 0.9 * s.a - 0.01 * g;
  return 0.9 * s.a - 0.01 * g;
}

inline double adagrad(double g, int, memory& s) {
  s.a += g * g;
  return -0.01 * g / (std::sqrt(s.a) + 1e-7);
}

inline double rmsprop(double g, int, memory& s) {
  s.a = 0.9 * s.a + 0.1 * g * g;
  return -0.001 * g / (std::sqrt(s.a) + 1e-7);
}

inline double adadelta(double g, int, memory& s) {
  s.a = 0.95 * s.a + 0.05 * g * g;
  const double update = g * std::sqrt(s.b + 1e-7) / std::sqrt(s.a + 1e-7);
  s.b = 0.95 * s.b + 0.05 * update * update;
  return -1.0 * update;
}

inline double adam(double g, int t, memory& s) {
  s.a = 0.9 * s.a + 0.1 * g;
  s.b = 0.999 * s.b + 0.001 * g * g;
  const double rate = 0.001 * std::sqrt(1 - std::pow(0.999, t)) / (1 - std::pow(0.9, t));
  return -rate * s.a / (std::sqrt(s.b) + 1e-7);
}

inline double adamax(double g, int t, memory& s) {
  s.a = 0.9 * s.a + 0.1 * g;
  s.b = std::max(0.999 * s.b, std::fabs(g));
  return -0.002 / (1 - std::pow(0.9, t)) * s.a / (s.b + 1e-7);
}

inline double nadam(double g, int t, memory& s) {
  const double mu = 0.9 * (1 - 0.5 * std::pow(0.96, t * 0.004));
  const double mu_next = 0.9 * (1 - 0.5 * std::pow(0.96, (t + 1) * 0.004));
  s.schedule *= mu;
  const double g_hat = g / (1 - s.schedule);
  s.a = 0.9 * s.a + 0.1 * g;
  const double m_hat = s.a / (1 - s.schedule * mu_next);
  s.b = 0.999 * s.b + 0.001 * g * g;
  const double v_hat = s.b / (1 - std::pow(0.999, t));
  const double m_bar = (1 - mu) * g_hat + mu_next * m_hat;
  return -0.002 * m_bar / (std::sqrt(v_hat) + 1e-7);
}

/// adamw is adam with decay of its own, which a test adds.
inline const std::map<std::string, rule>& rules() {
  static const std::map<std::string, rule> all{
      {"sgd", sgd},         {"momentum", momentum}, {"nesterov", nesterov}, {"adagrad", adagrad},
      {"rmsprop", rmsprop}, {"adadelta", adadelta}, {"adam", adam},         {"adamw", adam},
      {"adamax", adamax},   {"nadam", nadam}};
  return all;
}

}  // namespace reference
