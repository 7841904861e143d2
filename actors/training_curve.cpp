#include "troupe/actors/training_curve.hpp"

#include <algorithm>
#include <cmath>

namespace troupe {

namespace {

using json_value = nlohmann::ordered_json;

/// What a picture shows of a number is a few digits; the rest would be most of the text.
json_value rounded(double value) {
  if (!std::isfinite(value)) return nullptr;
  if (value == 0) return 0.0;
  const double unit = std::pow(10, 5 - std::ceil(std::log10(std::abs(value))));
  return std::isfinite(unit) ? std::round(value * unit) / unit : value;
}

}  // namespace

void training_curve::merge(point& into, const point& later) {
  into.time = later.time;
  into.rows = later.rows;
  into.loss += later.loss;
  into.correct += later.correct;
  into.count += later.count;
}

void training_curve::add(double time, std::uint64_t rows, double loss_sum, std::uint64_t correct,
                         std::uint64_t count) {
  if (count == 0) return;
  point next;
  next.time = std::max(time, points_.empty() ? 0.0 : points_.back().time);
  next.rows = rows;
  next.loss = loss_sum;
  next.correct = correct;
  next.count = count;
  next.span = static_cast<std::uint64_t>(std::min(next.time / span_, 1e18));
  if (!points_.empty() && points_.back().span == next.span) return merge(points_.back(), next);
  points_.push_back(next);
  if (points_.size() > most_points) coarsen();
}

void training_curve::coarsen() {
  span_ *= 2;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < points_.size(); ++i) {
    point p = points_[i];
    p.span /= 2;
    if (kept > 0 && points_[kept - 1].span == p.span) {
      merge(points_[kept - 1], p);
    } else {
      points_[kept++] = p;
    }
  }
  points_.resize(kept);
  // Points far apart do not meet at once.
  if (points_.size() > most_points) coarsen();
}

nlohmann::ordered_json training_curve::json(bool with_accuracy) const {
  json_value time = json_value::array(), rows = time, loss = time, accuracy = time;
  for (const point& p : points_) {
    const auto count = static_cast<double>(p.count);
    time.push_back(rounded(p.time));
    rows.push_back(p.rows);
    loss.push_back(rounded(p.loss / count));
    const auto right = static_cast<double>(p.correct) / count;
    accuracy.push_back(with_accuracy ? rounded(right) : json_value());
  }
  return {{"time", std::move(time)},
          {"rows", std::move(rows)},
          {"loss", std::move(loss)},
          {"accuracy", std::move(accuracy)}};
}

}  // namespace troupe
