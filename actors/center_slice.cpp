#include "troupe/actors/center_slice.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace troupe {

using kind = schema::Verdict::Kind;

verdict_msg make_refusal(std::uint32_t slice, std::uint64_t sequence, const std::string& reason,
                         bool not_finite) {
  wire_builder<schema::Verdict> out;
  out->setSlice(slice);
  out->setSequence(sequence);
  out->setKind(kind::REFUSED);
  out->setReason(reason);
  out->setNotFinite(not_finite);
  return std::move(out).finish();
}

namespace {

verdict_msg make_verdict(std::uint32_t slice, std::uint64_t sequence, kind what,
                         std::uint64_t staleness = 0) {
  wire_builder<schema::Verdict> out;
  out->setSlice(slice);
  out->setSequence(sequence);
  out->setKind(what);
  out->setStaleness(staleness);
  return std::move(out).finish();
}

struct center_builder {
  center_builder(std::uint32_t slice, std::uint64_t version, std::size_t count) {
    message->setSlice(slice);
    message->setVersion(version);
    values = message.floats(count, [&](auto&& data) { message->adoptPayload(kj::mv(data)); });
  }
  wire_builder<schema::Center> message;
  span<float> values;
};

}  // namespace

center_slice::center_slice(slice_range range, std::unique_ptr<server_half> half,
                           bool answers_before, std::uint64_t version, span<const float> values)
    : range_(range),
      half_(std::move(half)),
      answers_before_(answers_before),
      version_(version) {
  center_builder first(range.index, version, values.size());
  std::copy(values.begin(), values.end(), first.values.data());
  center_ = std::move(first.message).finish();
}

center_slice::last_of_worker& center_slice::last_of(std::uint32_t worker) {
  auto at = std::lower_bound(
      workers_.begin(), workers_.end(), worker,
      [](const last_of_worker& w, std::uint32_t number) { return w.worker < number; });
  if (at == workers_.end() || at->worker != worker) {
    at = workers_.insert(at, last_of_worker{worker, 0, 0, 0, 0});
  }
  return *at;
}

center_slice::answer center_slice::commit(const schema::Commit::Reader& commit) {
  const std::uint64_t sequence = commit.getSequence();
  auto refuse = [&](const std::string& reason) {
    return answer{make_refusal(range_.index, sequence, reason), {}};
  };
  if (commit.getCodec() != schema::Codec::NONE) return refuse("unknown codec");
  const auto payload = floats_of(commit.getPayload());
  if (commit.getPayload().size() != range_.count * sizeof(float)) {
    return refuse(fmt::format("the payload has {} bytes, the slice {}",
                              commit.getPayload().size(), range_.count * sizeof(float)));
  }
  if (commit.getBaseVersion() > version_) {
    return refuse(fmt::format("it starts from version {}, the slice is at {}",
                              commit.getBaseVersion(), version_));
  }
  last_of_worker& last = last_of(commit.getWorker());
  if (commit.getIncarnation() < last.incarnation) {
    return {make_verdict(range_.index, sequence, kind::FENCED), {}};
  }
  if (commit.getIncarnation() > last.incarnation) {
    last = {last.worker, commit.getIncarnation(), 0, 0, 0};
  }
  if (sequence <= last.sequence) {
    return {make_verdict(range_.index, sequence, kind::REPEAT), center_};
  }

  // Commits of others since the version the worker started from; its own do not age it.
  std::uint64_t staleness = version_ - commit.getBaseVersion();
  if (last.version > commit.getBaseVersion()) --staleness;
  if (last.version_before > commit.getBaseVersion()) --staleness;

  commit_view view;
  view.payload = payload;
  view.worker = commit.getWorker();
  view.mini_batches = commit.getMiniBatches();
  view.rows = commit.getRows();
  view.staleness = staleness;
  center_builder next(range_.index, version_ + 1, range_.count);
  if (!half_->apply(view, floats_of((*center_).getPayload()), next.values)) {
    return {make_refusal(range_.index, sequence, "it holds a number that is not finite", true), {}};
  }
  const center_msg before = center_;
  center_ = std::move(next.message).finish();
  ++version_;
  last.sequence = sequence;
  last.version_before = last.version;
  last.version = version_;
  return {make_verdict(range_.index, sequence, kind::APPLIED, staleness),
          answers_before_ ? before : center_};
}

}  // namespace troupe
