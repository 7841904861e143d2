#include "troupe/actors/row_feed.hpp"

#include <algorithm>
#include <cstring>

namespace troupe {

namespace {

constexpr std::size_t open_chunks = 2;
/// Rows are fetched about this many floats at a time: enough to make the messages rare, little
/// enough to stay in a core's cache.
constexpr std::size_t chunk_values = 256 * 1024;

std::size_t element_bytes(schema::ElementType type) {
  return type == schema::ElementType::U8 ? 1 : 4;
}

}  // namespace

row_feed::row_feed(std::shared_ptr<const run_plan> plan, std::vector<std::uint64_t> shard_first,
                   std::uint32_t group)
    : plan_(std::move(plan)),
      shard_first_(std::move(shard_first)),
      group_(group),
      row_values_(volume(plan_->transforms.output())) {
  const std::size_t batch = plan_->largest_batch();
  const std::size_t batches =
      std::max<std::size_t>(chunk_values / std::max<std::size_t>(batch * row_values_, 1), 1);
  chunk_rows_ = batches * batch;
  features_.resize(batch * row_values_);
  labels_.resize(batch * plan_->label_width);
}

void row_feed::assign(const lease& granted) {
  leases_.push_back({granted.id, granted.epoch, granted.range.first, granted.range.first,
                     granted.range.last, granted.clock, granted.closes});
}

std::optional<row_feed::request> row_feed::next_request() {
  if (chunks_.size() >= open_chunks) return std::nullopt;
  for (held_lease& l : leases_) {
    if (l.asked == l.last) continue;
    const std::uint64_t last = std::min(l.asked + chunk_rows_, l.last);
    chunk c;
    c.asked = {l.epoch, {l.asked, last}};
    l.asked = last;
    plan_chunk(c);
    chunks_.push_back(std::move(c));
    return chunks_.back().asked;
  }
  return std::nullopt;
}

void row_feed::plan_chunk(chunk& c) const {
  c.at = c.asked.range.first;
  c.missing = shard_first_.size();
  c.rows.resize(shard_first_.size());
  c.used.assign(shard_first_.size(), 0);
  if (shard_first_.size() == 1) return;
  const epoch_order order = plan_->order_of(c.asked.epoch, group_);
  for (std::uint64_t p = c.asked.range.first; p < c.asked.range.last; ++p) {
    const auto after = std::upper_bound(shard_first_.begin(), shard_first_.end(), order.row(p));
    c.shard.push_back(static_cast<std::uint16_t>(after - shard_first_.begin() - 1));
  }
}

bool row_feed::arrived(std::size_t shard, const rows_msg& message) {
  if (shard >= shard_first_.size()) return false;
  const auto rows = *message;
  const auto at = std::find_if(chunks_.begin(), chunks_.end(), [&](const chunk& c) {
    return c.asked.epoch == rows.getEpoch() && c.asked.range.first == rows.getFirst() &&
           c.asked.range.last == rows.getLast() && c.rows[shard].empty();
  });
  if (at == chunks_.end()) return false;
  const auto expected =
      shard_first_.size() == 1
          ? static_cast<std::ptrdiff_t>(at->asked.range.size())
          : std::count(at->shard.begin(), at->shard.end(), static_cast<std::uint16_t>(shard));
  const auto count = static_cast<std::size_t>(rows.getRows());
  const std::size_t raw_values = volume(plan_->transforms.input());
  const bool known_type =
      rows.getType() == schema::ElementType::U8 || rows.getType() == schema::ElementType::F32;
  if (!known_type || static_cast<std::ptrdiff_t>(count) != expected ||
      rows.getFeatures().size() != count * raw_values * element_bytes(rows.getType()) ||
      rows.getLabels().size() != count * plan_->label_width * sizeof(float)) {
    return false;
  }
  at->rows[shard] = message;
  --at->missing;
  drop_forgotten();
  return true;
}

std::vector<row_feed::request> row_feed::lacking(std::size_t shard) const {
  std::vector<request> out;
  for (const chunk& c : chunks_) {
    if (c.rows[shard].empty()) out.push_back(c.asked);
  }
  return out;
}

void row_feed::drop_forgotten() {
  chunks_.erase(std::remove_if(chunks_.begin(), chunks_.end(),
                               [](const chunk& c) { return c.forgotten && c.missing == 0; }),
                chunks_.end());
}

bool row_feed::ready() const {
  if (first_is_empty()) return true;
  const auto next =
      std::find_if(chunks_.begin(), chunks_.end(), [](const chunk& c) { return !c.forgotten; });
  return next != chunks_.end() && next->missing == 0;
}

void row_feed::copy_rows(chunk& c, std::size_t count) {
  float* to = features_.data();
  float* label_to = labels_.data();
  for (std::size_t i = 0; i < count;) {
    const std::size_t offset = c.at + i - c.asked.range.first;
    const std::size_t shard = c.shard.empty() ? 0 : c.shard[offset];
    // Rows of one shard lie one after the other: take as many as follow each other here, too.
    std::size_t run = c.shard.empty() ? count - i : 1;
    while (!c.shard.empty() && i + run < count && c.shard[offset + run] == shard) ++run;
    const auto rows = *c.rows[shard];
    const auto type = static_cast<element_type>(rows.getType());
    const std::size_t raw_bytes = volume(plan_->transforms.input()) * size_of(type);
    const auto* raw = reinterpret_cast<const std::byte*>(rows.getFeatures().begin());
    plan_->transforms.apply(type, raw + c.used[shard] * raw_bytes, run, to);
    std::memcpy(label_to, floats_of(rows.getLabels()).data() + c.used[shard] * plan_->label_width,
                run * plan_->label_width * sizeof(float));
    c.used[shard] += run;
    to += run * row_values_;
    label_to += run * plan_->label_width;
    i += run;
  }
}

mini_batch row_feed::take(std::uint64_t most_rows) {
  mini_batch out;
  if (first_is_empty()) {
    const held_lease& l = leases_.front();
    out.epoch = l.epoch;
    out.range = {l.taken, l.last};
    out.clock = l.clock;
    out.closes = l.closes;
    leases_.pop_front();
    return out;
  }
  const auto next =
      std::find_if(chunks_.begin(), chunks_.end(), [](const chunk& c) { return !c.forgotten; });
  chunk& c = *next;
  const std::uint64_t count = std::min(
      {std::uint64_t{plan_->of.training.batch_size}, most_rows, c.asked.range.last - c.at});
  copy_rows(c, count);
  out.epoch = c.asked.epoch;
  out.range = {c.at, c.at + count};
  out.rows = {count, features_.data(), labels_.data(), plan_->label_width};
  c.at += count;
  if (c.at == c.asked.range.last) chunks_.erase(next);
  held_lease& l = leases_.front();
  l.taken += count;
  out.clock = l.clock;
  if (l.taken == l.last) {
    out.closes = l.closes;
    leases_.pop_front();
  }
  return out;
}

bool row_feed::holds(std::uint32_t epoch) const {
  return std::any_of(leases_.begin(), leases_.end(),
                     [&](const held_lease& l) { return l.epoch == epoch; });
}

void row_feed::clear() {
  for (chunk& c : chunks_) c.forgotten = true;
  drop_forgotten();
  leases_.erase(
      std::remove_if(leases_.begin(), leases_.end(), [](const held_lease& l) { return !l.closes; }),
      leases_.end());
  for (held_lease& l : leases_) l.asked = l.last = l.taken;
}

std::vector<std::pair<std::uint64_t, position_range>> row_feed::skip_until(std::uint64_t clock) {
  std::vector<std::pair<std::uint64_t, position_range>> skipped;
  while (!leases_.empty() && leases_.front().clock <= clock) {
    const held_lease& l = leases_.front();
    skipped.emplace_back(l.id, position_range{l.taken, l.last});
    forget_rows(l);
    leases_.pop_front();
  }
  drop_forgotten();
  return skipped;
}

/// The chunks of what has been asked for and not taken. They lie in the order of the leases.
void row_feed::forget_rows(const held_lease& of) {
  auto next = chunks_.begin();
  for (const held_lease& l : leases_) {
    for (std::uint64_t at = l.taken; at < l.asked; ++next) {
      if (next->forgotten) continue;
      at = next->asked.range.last;
      next->forgotten = &l == &of;
    }
    if (&l == &of) return;
  }
}

position_range row_feed::give_back(std::uint64_t lease) {
  const auto found = std::find_if(leases_.begin(), leases_.end(),
                                  [&](const held_lease& l) { return l.id == lease; });
  if (found == leases_.end()) return {};
  const position_range rest{found->taken, found->last};
  forget_rows(*found);
  leases_.erase(found);
  drop_forgotten();
  return rest;
}

}  // namespace troupe
