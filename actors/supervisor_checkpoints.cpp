// How a supervisor keeps a run, and goes on with one that was kept.
//
// Slices first, books last: while the images of the slices come in, the reports of windows that are
// not in them are remembered, and are undone in the books. What the images hold and nobody has
// reported is done. So every row is in both, or in neither.

#include <algorithm>
#include <caf/all.hpp>
#include <utility>

#include "troupe/actors/configure.hpp"
#include "troupe/actors/supervisor.hpp"

namespace troupe {

/// \throws error (data) where the checkpoint does not fit the run.
void supervisor_state::go_on_from(const checkpoint& from) {
  totals_->restore(from.totals);
  rules_->restore(from.rules, from.best);
  if (!allocation_->restore(from.books)) {
    throw data_error("checkpoint", "its books do not fit the run");
  }
  evaluations_due_ = from.evaluations;
  trained_before_ = last_cut_ = from.seconds;
  checkpoints_ = from.number;
  rate_ = from.rate;
}

void supervisor_state::checkpoint_if_due() {
  // A round that never ends holds nobody up for ever.
  if (cutting_ && cutting_->missing > 0 && now() - cutting_->began > 600) {
    uncut("the slices did not answer");
  }
  const double every = plan_->of.supervisor.checkpoint_every_seconds;
  const bool due = every > 0 && now() - last_cut_ >= every;
  if (!cast_.archivist || cutting_ || !(due || keep_asked_)) return;
  // What the servers took of a lost worker is in the books once it is settled.
  const bool settled =
      std::all_of(parts_.begin(), parts_.end(), [](const role_state& p) { return p.fencing == 0; });
  if (settled) cut();
}

void supervisor_state::keep() {
  if (mode_ == mode::training && cast_.archivist) {
    keep_asked_ = true;
    return checkpoint_if_due();
  }
  record("checkpoint_failed",
         {{"reason", cast_.archivist ? "the run is not training" : "the run has no folder"}});
}

void supervisor_state::cut() {
  keep_asked_ = false;
  last_cut_ = now();
  cutting_ = std::make_unique<cutting>();
  cutting_->number = ++checkpoints_;
  cutting_->began = now();
  cutting_->images.resize(slices_->size());
  cutting_->missing = slices_->size();
  cutting_->late.resize(parts_.size());
  // All slices at the end of one round, and no round after that until they are there.
  const bool waits = plan_->in_rounds() && mode_ == mode::training;
  allocation_->hold_rounds(waits);
  for (std::size_t slice = 0; slice < slices_->size(); ++slice) {
    wire_builder<schema::Capture> message;
    message->setRun(plan_->run);
    message->setSlice(static_cast<std::uint32_t>(slice));
    message->setClock(waits ? allocation_->rounds() : 0);
    self_
        ->request(cast_.servers[slices_->at(slice).home], caf::infinite,
                  std::move(message).finish())
        .then(
            [this, slice, number = checkpoints_](const image_msg& image) {
              if (!cutting_ || cutting_->number != number) return;
              cutting_->images[slice] = image;
              if (--cutting_->missing == 0) write_cut();
            },
            [this, number = checkpoints_](const caf::error& problem) {
              if (!cutting_ || cutting_->number != number) return;
              uncut(text_of(problem, self_->system().config()));
            });
  }
}

/// A report while the images of slices come in.
void supervisor_state::report_while_cutting(const schema::Progress::Reader& message) {
  if (!cutting_ || message.getDropped()) return;
  for (const auto range : message.getRanges()) {
    cutting_->late[message.getWorker()].push_back(
        {message.getSequence(), {message.getEpoch(), {range.getFirst(), range.getLast()}}});
  }
}

void supervisor_state::write_cut() {
  auto made = std::make_shared<cut_run>();
  checkpoint& books = made->books;
  books.number = cutting_->number;
  books.seconds = now();
  books.evaluations = evaluations_due_;
  books.rate = rate_;
  books.rules = rules_->image();
  if (plan_->of.training.keep_best) books.best = rules_->best();
  run_totals totals = *totals_;
  std::vector<std::uint64_t> trained(parts_.size(), 0);
  std::vector<std::vector<ledger_image::part>> undone(parts_.size());
  for (std::uint32_t worker = 0; worker < parts_.size(); ++worker) {
    const kept_windows kept = windows_in_images(worker);
    for (const auto& [sequence, part] : cutting_->late[worker]) {
      if (sequence <= kept.until) continue;
      undone[worker].push_back(part);
      totals.undo(part.range.size());
    }
    for (const auto& [sequence, window] : kept.unreported) {
      const bool whole = window.slices == plan_->group_slices();
      totals.add_unreported(worker, window.rows, window.mini_batches, whole);
      if (whole) trained[worker] += window.rows;
    }
  }
  books.totals = totals.image();
  books.books = allocation_->image(trained, undone);
  made->images = std::move(cutting_->images);
  allocation_->hold_rounds(false);
  self_->request(cast_.archivist, caf::infinite, cut_ptr(std::move(made)))
      .then(
          [this, rows = totals_->rows(), began = cutting_->began,
           age = age_](const std::string& file) {
            ++kept_.written;
            kept_.time = now();
            kept_.rows = rows;
            record("checkpoint", {{"file", file}, {"rows", rows}, {"seconds", now() - began}});
            if (age == age_) end_cut();
          },
          [this, age = age_](const caf::error& problem) {
            if (age == age_) uncut(text_of(problem, self_->system().config()));
          });
  grant();
}

/// What the images hold of a worker that plays now.
supervisor_state::kept_windows supervisor_state::windows_in_images(std::uint32_t worker) const {
  const role_state& p = parts_[worker];
  kept_windows out;
  const std::size_t first = plan_->group_of(worker) * plan_->group_slices();
  out.until = ~std::uint64_t{0};
  for (std::size_t slice = first; slice < first + plan_->group_slices(); ++slice) {
    std::uint64_t last = 0;
    for (const auto known : (*cutting_->images[slice]).getWorkers()) {
      if (known.getWorker() != worker || known.getIncarnation() != p.incarnation) continue;
      last = known.getSequence();
      count_slice(known.getWindows(), p.reported, out.unreported);
    }
    out.until = std::min(out.until, last);
  }
  return out;
}

/// There will be no checkpoint, now.
void supervisor_state::uncut(const std::string& why) {
  if (!cutting_) return;
  record("checkpoint_failed", {{"reason", why}});
  allocation_->hold_rounds(false);
  end_cut();
}

void supervisor_state::end_cut() {
  const bool last = cutting_->last;
  cutting_.reset();
  if (mode_ != mode::finishing || waiting_ > 0) return;
  last ? score_center() : all_finished();
}

}  // namespace troupe
