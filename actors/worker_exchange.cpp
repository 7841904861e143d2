// How a worker commits a window and takes the answers; the rest of it is in worker.cpp.

#include <fmt/format.h>

#include <algorithm>
#include <caf/all.hpp>

#include "troupe/actors/worker.hpp"

namespace troupe {

commit_msg worker_state::make_commit(std::uint32_t slice) {
  const auto& window = replica_->window();
  const std::uint32_t number = first_slice_ + slice;
  wire_builder<schema::Commit> commit;
  commit->setRun(plan_->run);
  commit->setSlice(number);
  commit->setWorker(number_);
  commit->setIncarnation(incarnation_);
  commit->setSequence(sequence_);
  commit->setBaseVersion(base_version_[slice]);
  commit->setView(view_);
  commit->setClock(clock_);
  commit->setEpoch(window.epoch);
  commit->setFirst(window.first);
  commit->setMiniBatches(window.facts.mini_batches);
  commit->setRows(window.facts.rows);
  commit->setKeeps(how_ == intent::push && !plan_->is_statistics(number));
  const std::size_t bytes =
      codec_->write(commit, [&](span<float> payload) { replica_->write(number, payload); });
  if (how_ != intent::publish) bytes_sent_ += bytes;
  return std::move(commit).finish();
}

void worker_state::send_more() {
  for (; next_slice_ < home_.size() && unanswered_ < slice_credit; ++next_slice_, ++unanswered_) {
    const auto slice = static_cast<std::uint32_t>(next_slice_);
    sent_[slice] = make_commit(slice);
    ask(slice);
  }
  if (next_slice_ < home_.size() || unanswered_ > 0) return;
  if (held_ == 0) return window_done();
  if (!waiting_since_) waiting_since_ = self_->clock().now();
}

void worker_state::ask(std::uint32_t slice) {
  const auto& to = home_[slice];
  const auto outdated = [this, slice, to, sequence = sequence_] {
    return mode_ != mode::answering || sequence != sequence_ || to != home_[slice] ||
           sent_[slice].empty() || waits_[slice];
  };
  self_->request(to, answer_timeout, sent_[slice])
      .then(
          [this, slice, outdated](const verdict_msg& verdict, const center_msg& center) {
            if (outdated()) return;
            --unanswered_;
            if ((*verdict).getKind() == schema::Verdict::Kind::HELD) {
              waits_[slice] = true;
              ++held_;
            } else if (!take_center(slice, *verdict, center)) {
              return;
            }
            send_more();
          },
          [this, outdated](const caf::error& problem) {
            // Where the server is gone, a route to another one comes.
            const bool gone = problem == caf::sec::request_receiver_down;
            if (!gone && !outdated()) fail("committing", problem);
          });
}

/// Slices have other homes: what the ones before have not answered is said again. They know what
/// they were told, or what was done of it.
void worker_state::reroute(const std::vector<parameter_server_actor>& home) {
  bool moved = false;
  for (std::uint32_t slice = 0; slice < home.size(); ++slice) {
    if (!home[slice] || home[slice] == home_[slice]) continue;
    moved = true;
    if (std::find(home_.begin(), home_.end(), home[slice]) == home_.end()) {
      self_->monitor(home[slice]);
    }
    home_[slice] = home[slice];
    if (mode_ != mode::answering || sent_[slice].empty()) continue;
    if (waits_[slice]) {
      waits_[slice] = false;
      --held_;
      ++unanswered_;
    }
    ask(slice);
  }
  if (moved) puller_.again(self_, *plan_, home_);
}

void worker_state::answered_later(const schema::Verdict::Reader& verdict,
                                  const center_msg& center) {
  const std::uint32_t slice = verdict.getSlice() - first_slice_;
  if (mode_ != mode::answering || slice >= waits_.size() || !waits_[slice] ||
      verdict.getSequence() != sequence_) {
    return;  // of an exchange that is over
  }
  waits_[slice] = false;
  --held_;
  if (take_center(slice, verdict, center)) send_more();
}

bool worker_state::take_center(std::uint32_t slice, const schema::Verdict::Reader& verdict,
                               const center_msg& center) {
  using kind = schema::Verdict::Kind;
  const std::uint32_t number = first_slice_ + slice;
  const kind what = verdict.getKind();
  if (what == kind::REFUSED && verdict.getNotFinite()) {
    diverge(number, verdict.getReason().cStr());
    return false;
  }
  if (what != kind::APPLIED && what != kind::REPEAT && what != kind::DROPPED) {
    fail(fmt::format("slice {}: the commit was {}", number,
                     what == kind::FENCED ? std::string("fenced")
                                          : std::string("refused: ") + verdict.getReason().cStr()));
    return false;
  }
  const bool pushed = center.empty() && what == kind::APPLIED && how_ == intent::push;
  span<const float> values;
  if (!pushed) {
    const std::string problem = answers_->read(*center, plan_->range_of(number).count, values);
    if (!problem.empty()) {
      fail(fmt::format("the answer for slice {}: {}", number, problem));
      return false;
    }
  }
  if (how_ == intent::publish) {
    // The next window moves on from what the server made of this one.
    if (plan_->is_statistics(number)) replica_->install(number, values);
  } else {
    span<const float> sent;
    if (plan_->protocol.payload == payload_kind::parameters || what == kind::DROPPED) {
      codec_->read(*sent_[slice], scratch_, sent);
    }
    if (what == kind::DROPPED) {
      codec_->lost(*sent_[slice]);
      dropped_ = true;
      round_ = std::max(round_, verdict.getClock());
    }
    using news = replica::news;
    replica_->answered(number,
                       pushed                  ? news::pushed
                       : what == kind::REPEAT  ? news::repeat
                       : what == kind::DROPPED ? news::dropped
                                               : news::applied,
                       sent, values);
    bytes_received_ += (*center).getPayload().size();
    if (what == kind::REPEAT) ++repeats_;
    if (!plan_->is_statistics(number)) staleness_ += verdict.getStaleness();
  }
  if (!pushed) {
    // The centre from before the commit is a version older than where this worker stands.
    const bool before =
        plan_->protocol.answers_before && !plan_->is_statistics(number) && what == kind::APPLIED;
    base_version_[slice] = (*center).getVersion() + (before ? 1 : 0);
  }
  sent_[slice] = {};
  return true;
}

void worker_state::window_done() {
  report_window();
  staleness_ = bytes_sent_ = bytes_received_ = 0;
  repeats_ = 0;
  waiting_since_.reset();
  replica_->new_window();
  if (dropped_) yield_rounds();
  go_on();
}

void worker_state::report_window() {
  const auto& window = replica_->window();
  wire_builder<schema::Progress> progress;
  progress->setWorker(number_);
  progress->setIncarnation(incarnation_);
  progress->setSequence(sequence_);
  progress->setClock(dropped_ ? std::max(clock_, round_) : clock_);
  progress->setDropped(dropped_);
  progress->setEpoch(window.epoch);
  auto ranges = progress->initRanges(static_cast<unsigned>(window.ranges.size()));
  for (unsigned i = 0; i < ranges.size(); ++i) {
    ranges[i].setFirst(window.ranges[i].first);
    ranges[i].setLast(window.ranges[i].last);
  }
  progress->setRows(window.facts.rows);
  progress->setMiniBatches(window.facts.mini_batches);
  progress->setCommitted(how_ != intent::publish && !dropped_);
  progress->setLossSum(window.loss_sum);
  progress->setCorrect(window.correct);
  const auto now = self_->clock().now();
  progress->setSeconds(std::chrono::duration<double>(now - window_start_).count());
  if (waiting_since_) {
    progress->setWaited(std::chrono::duration<double>(now - *waiting_since_).count());
  }
  progress->setStaleness(static_cast<double>(staleness_) /
                         static_cast<double>(std::max<std::size_t>(plan_->slices.size(), 1)));
  progress->setRepeats(repeats_);
  progress->setBytesSent(bytes_sent_);
  progress->setBytesReceived(bytes_received_);
  self_->send(supervisor_, std::move(progress).finish());
}

}  // namespace troupe
