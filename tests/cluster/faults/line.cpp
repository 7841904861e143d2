#include "cluster/faults/line.hpp"

#include <algorithm>

namespace troupe::testing {

void line::append(const char* bytes, std::size_t count, double garble) {
  if (count == 0) return;
  segments_.push_back({last_, std::vector<char>(bytes, bytes + count)});
  in_flight_ += count;
  if (garble <= 0) return;
  std::vector<char>& copy = segments_.back().bytes;
  std::geometric_distribution<std::size_t> untouched(garble);
  std::uniform_int_distribution<int> change(1, 255);
  for (std::size_t i = untouched(random_); i < count; i += 1 + untouched(random_)) {
    copy[i] = static_cast<char>(copy[i] ^ change(random_));
  }
}

void line::send(const char* bytes, std::size_t count, time now, const line_settings& s) {
  const time due = now + s.delay;
  last_ = std::max(last_, due);
  std::size_t sent = 0;
  if (s.loss > 0) {
    const std::chrono::milliseconds timeout = std::max(retransmission_timeout, s.round_trip);
    const std::size_t packets = (count + packet_size - 1) / packet_size;
    std::geometric_distribution<std::size_t> kept(s.loss);
    std::bernoulli_distribution lost(s.loss);
    for (std::size_t i = kept(random_); i < packets; i += 1 + kept(random_)) {
      append(bytes + sent, i * packet_size - sent, s.garble);
      sent = i * packet_size;
      std::chrono::milliseconds pause = packets - i > 3 ? s.round_trip : timeout;
      for (auto again = timeout; lost(random_); again *= 2) pause += again;
      last_ = std::max(last_, due + pause);
    }
  }
  append(bytes + sent, count - sent, s.garble);
}

void line::end(bool reset, time now, const line_settings& s) {
  last_ = std::max(last_, now + s.delay);
  end_ = last_;
  reset_ = reset;
}

line::part line::arrived(time now) const {
  if (segments_.empty() || segments_.front().arrives > now) return {nullptr, 0};
  const std::vector<char>& bytes = segments_.front().bytes;
  return {bytes.data() + taken_, bytes.size() - taken_};
}

void line::take(std::size_t count) {
  taken_ += count;
  in_flight_ -= count;
  if (taken_ < segments_.front().bytes.size()) return;
  segments_.pop_front();
  taken_ = 0;
}

bool line::ended(time now) const {
  return end_ && segments_.empty() && *end_ <= now;
}

std::optional<line::time> line::next() const {
  return segments_.empty() ? end_ : segments_.front().arrives;
}

}  // namespace troupe::testing
