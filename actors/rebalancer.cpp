#include "troupe/actors/rebalancer.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <queue>
#include <utility>

namespace troupe {

namespace {

/// It must also leave the helper time for this many mini-batches.
constexpr double least_batches = 2;
/// Somebody who is late comes later by so many seconds at least.
constexpr double least_delay = 1e-3;

/// Of the first `count`.
template <std::size_t most>
double median(std::array<double, most> values, std::size_t count) {
  std::sort(values.begin(), values.begin() + count);
  return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

}  // namespace

void rebalancer::trained(std::uint32_t worker, std::uint64_t rows, double seconds) {
  if (rows == 0 || !(seconds > 0)) return;
  pace& p = workers_[worker];
  // The first one holds what happens once, and tells no more when there is another.
  if (p.windows == 1 && !std::exchange(p.settled, true)) p.windows = 0;
  p.recent[p.windows % p.recent.size()] = static_cast<double>(rows) / seconds;
  ++p.windows;
  total_speed_ -= p.speed;
  p.speed = median(p.recent, std::min<std::size_t>(p.windows, p.recent.size()));
  total_speed_ += p.speed;
}

void rebalancer::unlist(std::uint32_t worker) {
  pace& p = workers_[worker];
  if (!p.listed) return;
  by_finish_.erase({p.finish, worker});
  p.listed = false;
}

void rebalancer::project(std::uint32_t worker) {
  pace& p = workers_[worker];
  unlist(worker);
  p.finish = p.since;
  if (p.held == 0) return;
  // One that is unknown is late at once: the longer it takes, the longer it may take.
  if (p.speed > 0) p.finish += static_cast<double>(p.held) / p.speed;
  by_finish_.insert({p.finish, worker});
  p.listed = true;
}

void rebalancer::holds(std::uint32_t worker, std::uint64_t rows, bool fresh, double now) {
  pace& p = workers_[worker];
  if (fresh || p.held == 0) p.since = now;
  held_ += rows - p.held;
  p.held = rows;
  project(worker);
}

void rebalancer::forget(std::uint32_t worker) {
  unlist(worker);
  total_speed_ -= workers_[worker].speed;
  held_ -= workers_[worker].held;
  workers_[worker] = {};
}

void rebalancer::spare(std::uint32_t worker) {
  unlist(worker);
}

std::optional<std::uint32_t> rebalancer::straggler(double idle_speed, std::uint64_t batch_rows,
                                                   double now) {
  // Who should be through by now and is not is slower than it was: it may take as long again.
  while (!by_finish_.empty() && by_finish_.begin()->first <= now) {
    const std::uint32_t late = by_finish_.begin()->second;
    pace& p = workers_[late];
    by_finish_.erase(by_finish_.begin());
    p.finish = now + std::max(now - p.since, least_delay);
    by_finish_.insert({p.finish, late});
  }
  if (by_finish_.empty() || idle_speed <= 0) return std::nullopt;
  const auto [finish, last] = *by_finish_.rbegin();
  const double helper = least_batches * static_cast<double>(batch_rows) / idle_speed;
  if (finish - now < helper + least_lease || workers_[last].held < batch_rows) return std::nullopt;
  return last;
}

std::vector<std::uint64_t> rebalancer::shares(const std::vector<std::uint32_t>& of,
                                              std::uint64_t rows) const {
  double known = 0;
  std::size_t count = 0;
  for (const std::uint32_t worker : of) {
    known += speed(worker);
    if (speed(worker) > 0) ++count;
  }
  const double usual = count > 0 ? known / static_cast<double>(count) : 1;
  const double total = known + usual * static_cast<double>(of.size() - count);
  const auto speed_of = [&](std::size_t i) { return speed(of[i]) > 0 ? speed(of[i]) : usual; };
  // Whole rows: what rounding down leaves goes where one row more is trained soonest.
  std::vector<std::uint64_t> out(of.size());
  using end = std::pair<double, std::size_t>;
  std::priority_queue<end, std::vector<end>, std::greater<end>> soonest;
  std::uint64_t left = rows;
  for (std::size_t i = 0; i < of.size(); ++i) {
    const auto part = static_cast<std::uint64_t>(static_cast<double>(rows) * speed_of(i) / total);
    out[i] = std::min(part, left);
    left -= out[i];
    soonest.push({static_cast<double>(out[i] + 1) / speed_of(i), i});
  }
  while (left > 0) {
    const std::size_t i = soonest.top().second;
    soonest.pop();
    ++out[i];
    --left;
    soonest.push({static_cast<double>(out[i] + 1) / speed_of(i), i});
  }
  if (rows < of.size()) return out;
  for (std::uint64_t& share : out) {
    if (share > 0) continue;
    --*std::max_element(out.begin(), out.end());
    share = 1;
  }
  return out;
}

double rebalancer::spread(const std::vector<std::uint32_t>& of,
                          const std::vector<std::uint64_t>& shares) const {
  double speeds = 0, slowest = 0;
  for (std::size_t i = 0; i < of.size(); ++i) {
    if (speed(of[i]) <= 0) return 1;
    speeds += speed(of[i]);
    slowest = std::max(slowest, static_cast<double>(shares[i]) / speed(of[i]));
  }
  const auto rows =
      static_cast<double>(std::accumulate(shares.begin(), shares.end(), std::uint64_t{0}));
  return rows > 0 ? slowest * speeds / rows : 1;
}

}  // namespace troupe
