// How a worker commits a window and takes what it is answered; the rest of it is in worker.cpp.

#include <fmt/format.h>

#include <algorithm>
#include <caf/all.hpp>
#include <utility>

#include "troupe/actors/worker.hpp"

namespace troupe {

void worker_state::close_window(intent how) {
  if (exchanging_) {
    // Overlap: the window before this one is not answered yet.
    mode_ = mode::answering;
    pending_ = how;
    return note_wait();
  }
  window_base_ = base_version_;
  if (!take_late()) return;
  mode_ = mode::answering;
  exchanging_ = true;
  how_ = how;
  dropped_ = false;
  committed_ = replica_->close_window();
  ++sequence_;
  if (!plan_->in_rounds()) ++clock_;
  next_slice_ = unanswered_ = held_ = 0;
  for (exchanged_slice& slice : slices_) slice.answered = slice.waits = false;
  if (!plan_->setup.overlap) return send_more();
  note_times();
  for (std::uint32_t slice = 0; slice < slices_.size(); ++slice) {
    slices_[slice].sent = make_commit(slice);
    replica_->sent(first_slice_ + slice);
  }
  send_more();
  go_on();
}

commit_msg worker_state::make_commit(std::uint32_t slice) {
  const std::uint32_t number = first_slice_ + slice;
  wire_builder<schema::Commit> commit;
  commit->setRun(plan_->run);
  commit->setSlice(number);
  commit->setWorker(number_);
  commit->setIncarnation(incarnation_);
  commit->setSequence(sequence_);
  commit->setBaseVersion(window_base_[slice]);
  commit->setView(view_);
  commit->setClock(clock_);
  commit->setEpoch(committed_.epoch);
  commit->setFirst(committed_.first);
  commit->setMiniBatches(committed_.facts.mini_batches);
  commit->setRows(committed_.facts.rows);
  commit->setKeeps(how_ == intent::push && !plan_->is_statistics(number));
  const std::size_t bytes = codec_->write(
      commit, [&](span<float> payload) { replica_->write(number, committed_.facts, payload); });
  if (how_ != intent::publish) bytes_sent_ += bytes;
  return std::move(commit).finish();
}

void worker_state::send_more() {
  for (; next_slice_ < home_.size() && unanswered_ < slice_credit; ++next_slice_, ++unanswered_) {
    const auto slice = static_cast<std::uint32_t>(next_slice_);
    if (!plan_->setup.overlap) slices_[slice].sent = make_commit(slice);
    ask(slice);
  }
  if (next_slice_ < home_.size() || unanswered_ > 0) return;
  if (held_ == 0) return window_done();
  note_wait();
}

void worker_state::ask(std::uint32_t slice) {
  const auto& to = home_[slice];
  const auto outdated = [this, slice, to, sequence = sequence_] {
    return mode_ == mode::stopped || !exchanging_ || sequence != sequence_ || to != home_[slice] ||
           slices_[slice].answered || slices_[slice].waits;
  };
  set_clock();
  self_->request(to, caf::infinite, slices_[slice].sent)
      .then(
          [this, slice, outdated](const verdict_msg& verdict, const center_msg& center) {
            talked_ = self_->clock().now();
            if (outdated()) return;
            --unanswered_;
            if ((*verdict).getKind() == schema::Verdict::Kind::HELD) {
              slices_[slice].waits = true;
              ++held_;
            } else if (!take_answer(slice, *verdict, center)) {
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
    const bool asked = exchanging_ && slice < next_slice_ && !slices_[slice].answered;
    if (!asked || mode_ == mode::stopped) continue;
    if (slices_[slice].waits) {
      slices_[slice].waits = false;
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
  if (mode_ == mode::stopped || !exchanging_ || slice >= slices_.size() || !slices_[slice].waits ||
      verdict.getSequence() != sequence_) {
    return;  // of an exchange that is over
  }
  slices_[slice].waits = false;
  --held_;
  if (take_answer(slice, verdict, center)) send_more();
}

bool worker_state::take_answer(std::uint32_t slice, const schema::Verdict::Reader& verdict,
                               const center_msg& center) {
  using kind = schema::Verdict::Kind;
  using news = replica::news;
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
  exchanged_slice& of = slices_[slice];
  const bool pushed = center.empty() && what == kind::APPLIED && how_ == intent::push;
  of.what = pushed                  ? news::pushed
            : what == kind::REPEAT  ? news::repeat
            : what == kind::DROPPED ? news::dropped
                                    : news::applied;
  of.center = center;
  of.answered = true;
  if (what == kind::DROPPED) {
    dropped_ = true;
    round_ = std::max(round_, verdict.getClock());
  }
  if (how_ != intent::publish) {
    if (!center.empty()) bytes_received_ += (*center).getPayload().size();
    if (what == kind::REPEAT) ++repeats_;
    if (!plan_->is_statistics(number)) staleness_ += verdict.getStaleness();
  }
  if (plan_->setup.overlap) {
    late_ = true;
    return true;
  }
  return move_replica(slice);
}

/// What a slice was answered reaches the replica. False, and the worker has ended: it does not fit.
bool worker_state::move_replica(std::uint32_t slice) {
  using news = replica::news;
  const std::uint32_t number = first_slice_ + slice;
  exchanged_slice& of = slices_[slice];
  const commit_msg sent_message = std::exchange(of.sent, {});
  const center_msg center = std::exchange(of.center, {});
  span<const float> values;
  if (of.what != news::pushed) {
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
    if (plan_->protocol.payload == payload_kind::parameters || of.what == news::dropped) {
      codec_->read(*sent_message, scratch_, sent);
    }
    if (of.what == news::dropped) codec_->lost(*sent_message);
    if (late_) {
      replica_->answered_late(number, of.what, replica_->window().facts, sent, values);
    } else {
      replica_->answered(number, of.what, sent, values);
    }
  }
  if (of.what == news::pushed) return true;
  // The centre from before the commit is a version older than where this worker stands.
  const bool before =
      plan_->protocol.answers_before && !plan_->is_statistics(number) && of.what == news::applied;
  base_version_[slice] = (*center).getVersion() + (before ? 1 : 0);
  return true;
}

/// Overlap: the replica takes what the last window was answered.
bool worker_state::take_late() {
  if (!late_) return true;
  for (std::uint32_t slice = 0; slice < slices_.size(); ++slice) {
    if (!move_replica(slice)) return false;
  }
  late_ = false;
  return true;
}

/// From when on others are what this worker waits for.
void worker_state::note_wait() {
  const bool others = next_slice_ == home_.size() && unanswered_ == 0 && held_ > 0;
  if (mode_ == mode::answering && others && !waiting_since_) waiting_since_ = self_->clock().now();
}

/// How long `committed_` took, and what of that was waiting.
void worker_state::note_times() {
  const auto now = self_->clock().now();
  const auto since = [&](auto then) { return std::chrono::duration<double>(now - then).count(); };
  seconds_ = since(window_start_);
  waited_ = waiting_since_ ? since(*waiting_since_) : 0;
  waiting_since_.reset();
}

void worker_state::window_done() {
  exchanging_ = false;
  if (!plan_->setup.overlap) note_times();
  report_window();
  staleness_ = bytes_sent_ = bytes_received_ = 0;
  repeats_ = 0;
  // Nothing was trained on what the replica was before: the next window starts from the answers.
  const bool idle = replica_->window().facts.mini_batches == 0 && !feed_->ready();
  if (idle && !take_late()) return;
  if (dropped_) yield_rounds();
  go_on();
}

void worker_state::report_window() {
  wire_builder<schema::Progress> progress;
  progress->setWorker(number_);
  progress->setIncarnation(incarnation_);
  progress->setSequence(sequence_);
  progress->setClock(dropped_ ? std::max(clock_, round_) : clock_);
  progress->setDropped(dropped_);
  progress->setEpoch(committed_.epoch);
  auto ranges = progress->initRanges(static_cast<unsigned>(committed_.ranges.size()));
  for (unsigned i = 0; i < ranges.size(); ++i) {
    ranges[i].setFirst(committed_.ranges[i].first);
    ranges[i].setLast(committed_.ranges[i].last);
  }
  progress->setRows(committed_.facts.rows);
  progress->setMiniBatches(committed_.facts.mini_batches);
  progress->setCommitted(how_ != intent::publish && !dropped_);
  progress->setLossSum(committed_.loss_sum);
  progress->setCorrect(committed_.correct);
  progress->setSeconds(seconds_);
  if (waited_ > 0) progress->setWaited(waited_);
  progress->setStaleness(static_cast<double>(staleness_) /
                         static_cast<double>(std::max<std::size_t>(plan_->slices.size(), 1)));
  progress->setRepeats(repeats_);
  progress->setBytesSent(bytes_sent_);
  progress->setBytesReceived(bytes_received_);
  self_->send(supervisor_, std::move(progress).finish());
}

}  // namespace troupe
