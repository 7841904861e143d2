#include "troupe/models/committee.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "troupe/base/error.hpp"

namespace troupe {

namespace {

/// Probabilities are kept this far from 0 and 1 before their logarithm is taken, as in Keras: a
/// class that nobody voted for would make the loss infinite.
constexpr float least_probability = 1e-7f;

/// Not std::clamp of a not-a-number, which is to stay one.
float bounded(float p, float most) noexcept {
  if (p < least_probability) return least_probability;
  return p > most ? most : p;
}

}  // namespace

const char* to_text(vote_rule vote) noexcept {
  return vote == vote_rule::hard ? "hard" : "mean";
}

std::optional<vote_rule> vote_from(const std::string& text) noexcept {
  for (const vote_rule vote : {vote_rule::mean, vote_rule::hard}) {
    if (text == to_text(vote)) return vote;
  }
  return std::nullopt;
}

committee::committee(const model_spec& spec, const committee_spec& form, std::size_t largest_batch,
                     const model_catalogue& catalogue)
    : form_(form),
      network_(spec, largest_batch, catalogue),
      width_(volume(summary().output)),
      loss_name_(spec.loss) {
  if (form_.members == 0) throw std::logic_error("a committee needs a member");
  if (form_.members == 1) return;
  loss_ = catalogue.losses.at(spec.loss, "model.loss", "loss").make();
  if (form_.vote == vote_rule::hard && summary().labels != label_use::values) {
    decision_.emplace(metric_subject{summary().labels, width_}, "vote");
  }
  sums_.resize(largest_batch * width_);
  answers_ = float_buffer(largest_batch * width_);
  if (!loss_->fused_activation().empty()) logits_ = float_buffer(largest_batch * width_);
}

void committee::check(std::size_t parameters, std::size_t statistics) const {
  if (parameters != form_.members * summary().parameters ||
      statistics != form_.members * summary().statistics) {
    throw std::logic_error("a committee was given vectors of another length than its members'");
  }
}

span<const float> committee::of_member(span<const float> all, std::size_t member) const {
  const std::size_t length = all.size() / form_.members;
  return {all.data() + member * length, length};
}

void committee::begin(std::size_t rows) {
  std::fill_n(sums_.begin(), rows * width_, 0.0);
}

/// Sums in 64 bits: the mean of equal answers is that answer, to the bit.
void committee::add(span<const float> outputs, std::size_t rows) {
  const float* p = outputs.data();
  if (!decision_) {
    for (std::size_t i = 0; i < rows * width_; ++i) sums_[i] += static_cast<double>(p[i]);
    return;
  }
  const bool signs = summary().labels == label_use::signs;
  for (std::size_t r = 0; r < rows; ++r, p += width_) {
    double* voices = sums_.data() + r * width_;
    // A member without an answer leaves the committee without one, as in a mean.
    if (std::any_of(p, p + width_, [](float x) { return std::isnan(x); })) {
      std::fill_n(voices, width_, std::numeric_limits<double>::quiet_NaN());
    } else if (decision_->by_class()) {
      voices[decision_->predicted_class(p)] += 1;
    } else {
      for (std::size_t i = 0; i < width_; ++i) {
        voices[i] += decision_->predicts_yes(p[i]) ? 1 : signs ? -1 : 0;
      }
    }
  }
}

span<const float> committee::combined(std::size_t rows) {
  const auto members = static_cast<double>(form_.members);
  for (std::size_t i = 0; i < rows * width_; ++i) {
    answers_.data()[i] = static_cast<float>(sums_[i] / members);
  }
  return {answers_.data(), rows * width_};
}

/// What the loss computes from: the answers, or where it fuses an activation, numbers that this
/// activation turns into them. softmax(log p) = p for probabilities that sum to 1, and
/// sigmoid(log(p / (1 - p))) = p; so the registry's loss is the loss of the answers themselves.
const float* committee::as_loss_takes(std::size_t rows) {
  const std::string fused = loss_->fused_activation();
  const float* p = answers_.data();
  if (fused.empty()) return p;
  float* z = logits_.data();
  if (fused == "softmax") {
    for (std::size_t i = 0; i < rows * width_; ++i) z[i] = std::log(bounded(p[i], 1.0f));
  } else if (fused == "sigmoid") {
    for (std::size_t i = 0; i < rows * width_; ++i) {
      const float q = bounded(p[i], 1.0f - least_probability);
      z[i] = std::log(q / (1.0f - q));
    }
  } else {
    throw job_error("model.loss", "'" + loss_name_ + "' computes " + fused +
                                      " itself; what several models answer together has a loss "
                                      "only where that is softmax, sigmoid or nothing");
  }
  return z;
}

span<const float> committee::predict(span<const float> parameters, span<const float> statistics,
                                     const float* features, std::size_t rows) {
  check(parameters.size(), statistics.size());
  if (form_.members == 1) return network_.predict(parameters, statistics, features, rows);
  if (rows > largest_batch()) throw std::logic_error("more rows than a committee has room for");
  begin(rows);
  for (std::size_t m = 0; m < form_.members; ++m) {
    add(network_.predict(of_member(parameters, m), of_member(statistics, m), features, rows), rows);
  }
  return combined(rows);
}

std::pair<double, span<const float>> committee::score(span<const float> parameters,
                                                      span<const float> statistics,
                                                      const batch& rows) {
  check(parameters.size(), statistics.size());
  if (form_.members == 1) return network_.score(parameters, statistics, rows);
  if (rows.rows > largest_batch()) {
    throw std::logic_error("more rows than a committee has room for");
  }
  begin(rows.rows);
  for (std::size_t m = 0; m < form_.members; ++m) {
    // The network also checks the labels; its loss is of one member, and cheap.
    add(network_.score(of_member(parameters, m), of_member(statistics, m), rows).second, rows.rows);
  }
  const span<const float> answers = combined(rows.rows);
  const double sum = loss_->evaluate(as_loss_takes(rows.rows), rows.rows, width_, rows.labels,
                                     rows.label_width, nullptr);
  return {sum, answers};
}

}  // namespace troupe
