#include "troupe/actors/run_totals.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "troupe/actors/version.hpp"
#include "troupe/base/error.hpp"

namespace troupe {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
/// Weight of the newest window in a worker's smoothed speed.
constexpr double newest = 0.3;

/// Whether a step's count of right rows means anything.
bool has_accuracy(const model_summary& model) {
  if (model.labels == label_use::classes) return true;
  return model.labels != label_use::values && volume(model.output) == 1;
}

/// JSON has no not-a-number; files say null.
nlohmann::json number(double value) {
  if (!std::isfinite(value)) return nullptr;
  return value;
}

}  // namespace

void add_score(nlohmann::ordered_json& out, const std::string& prefix, const score& s) {
  out[prefix + "_loss"] = s.has_data ? number(s.loss) : nlohmann::json(nullptr);
  for (const auto& [name, value] : s.metrics) out[prefix + "_" + name] = number(value);
  for (const auto& [name, cells] : s.tables) {
    // A square table, row by row.
    const auto side = static_cast<std::size_t>(std::sqrt(static_cast<double>(cells.size())) + 0.5);
    auto& rows = out[prefix + "_" + name] = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i + side <= cells.size(); i += side) {
      rows.push_back(std::vector<double>(cells.begin() + static_cast<std::ptrdiff_t>(i),
                                         cells.begin() + static_cast<std::ptrdiff_t>(i + side)));
    }
  }
}

run_totals::run_totals(std::shared_ptr<const run_plan> plan)
    : plan_(std::move(plan)), workers_(plan_->setup.workers) {}

void run_totals::extend(std::uint32_t workers) {
  if (workers > workers_.size()) workers_.resize(workers);
}

void run_totals::add(const schema::Progress::Reader& progress) {
  worker_totals& w = workers_[progress.getWorker()];
  const std::uint64_t rows = progress.getRows();
  const double seconds = progress.getSeconds();
  w.rows += rows;
  w.mini_batches += progress.getMiniBatches();
  w.seconds += seconds;
  w.waited += progress.getWaited();
  if (seconds > 0) {
    const double speed = static_cast<double>(rows) / seconds;
    w.speed = w.speed > 0 ? (1 - newest) * w.speed + newest * speed : speed;
  }
  w.window_loss = progress.getLossSum();
  w.window_staleness = progress.getStaleness();
  w.window_rows = rows;
  w.window_correct = progress.getCorrect();
  w.loss += progress.getLossSum();
  w.report_rows += rows;
  w.correct += progress.getCorrect();
  w.staleness += progress.getStaleness();
  w.epoch = progress.getEpoch();
  ++w.windows;
  if (progress.getEpoch() > w.last_epoch) {
    w.epoch_loss = 0;
    w.epoch_rows = 0;
    w.last_epoch = progress.getEpoch();
  }
  if (progress.getEpoch() == w.last_epoch) {
    w.epoch_loss += progress.getLossSum();
    w.epoch_rows += rows;
  }
  rows_ += rows;
  if (progress.getDropped()) {
    ++dropped_;
    rows_repeated_ += rows;
  }
  if (progress.getCommitted()) {
    ++w.commits;
    ++commits_;
    w.commit_staleness += progress.getStaleness();
    staleness_ += progress.getStaleness();
  }
  w.bytes_sent += progress.getBytesSent();
  w.bytes_received += progress.getBytesReceived();
  w.report_sent += progress.getBytesSent();
  w.report_received += progress.getBytesReceived();
  repeats_ += progress.getRepeats();
  bytes_sent_ += progress.getBytesSent();
  bytes_received_ += progress.getBytesReceived();
}

void run_totals::add_unreported(std::uint32_t worker, std::uint64_t rows,
                                std::uint32_t mini_batches, bool whole) {
  worker_totals& w = workers_[worker];
  w.rows += rows;
  w.mini_batches += mini_batches;
  rows_ += rows;
  if (!whole) {
    rows_repeated_ += rows;
    return;
  }
  ++w.commits;
  ++commits_;
}

std::optional<report> run_totals::take_report(std::uint32_t worker, double now,
                                              double least_seconds) {
  worker_totals& w = workers_[worker];
  if (w.report_rows == 0 || now - w.report_time < least_seconds) return std::nullopt;
  const auto rows = static_cast<double>(w.report_rows);
  report out;
  out.time = now;
  out.worker = worker;
  out.epoch = w.epoch + 1;
  out.rows = this->rows();
  out.total_rows = plan_->total_rows();
  out.loss = w.loss / rows;
  out.accuracy = has_accuracy(plan_->model) ? static_cast<double>(w.correct) / rows : nan;
  out.staleness = w.staleness / static_cast<double>(w.windows);
  out.samples_per_second = now > w.report_time ? rows / (now - w.report_time) : w.speed;
  out.bytes_sent = w.report_sent;
  out.bytes_received = w.report_received;
  w.report_time = now;
  w.loss = w.staleness = 0;
  w.report_rows = w.correct = w.windows = w.report_sent = w.report_received = 0;
  return out;
}

report run_totals::evaluation_report(const score& evaluated, std::uint64_t rows, double now) const {
  report out;
  out.time = now;
  out.evaluation = true;
  out.part = plan_->has_validation ? "validation" : "test";
  out.rows = rows;
  out.total_rows = plan_->total_rows();
  // The epoch that the last row trained belongs to.
  out.epoch = static_cast<std::uint32_t>((rows + plan_->epoch_rows() - 1) / plan_->epoch_rows());
  out.loss = evaluated.loss;
  out.metrics = evaluated.metrics;
  out.accuracy = nan;
  for (const auto& [name, value] : evaluated.metrics) {
    if (name == "accuracy") out.accuracy = value;
  }
  return out;
}

nlohmann::ordered_json run_totals::status(double seconds) const {
  nlohmann::ordered_json out;
  const std::uint64_t epoch = rows() / plan_->epoch_rows() + 1;
  out["epoch"] = std::min<std::uint64_t>(epoch, plan_->of.training.epochs);
  out["epochs"] = plan_->of.training.epochs;
  out["rows"] = rows();
  out["total_rows"] = plan_->total_rows();
  out["rows_repeated"] = rows_repeated_;
  out["samples_per_second"] = number(seconds > 0 ? static_cast<double>(rows_) / seconds : nan);
  // Of the last window of each worker.
  double loss = 0;
  std::uint64_t last_rows = 0, correct = 0;
  for (const worker_totals& w : workers_) {
    loss += w.window_loss;
    last_rows += w.window_rows;
    correct += w.window_correct;
  }
  const double count = last_rows > 0 ? static_cast<double>(last_rows) : nan;
  out["loss"] = number(loss / count);
  out["accuracy"] = number(has_accuracy(plan_->model) ? static_cast<double>(correct) / count : nan);
  out["commits"] = commits_;
  out["mean_staleness"] = commits_ ? staleness_ / static_cast<double>(commits_) : 0.0;
  out["bytes_sent"] = bytes_sent_;
  out["bytes_received"] = bytes_received_;
  return out;
}

bool run_totals::counts_right_rows() const {
  return has_accuracy(plan_->model);
}

nlohmann::ordered_json run_totals::worker_status(std::uint32_t worker) const {
  const worker_totals& w = workers_[worker];
  nlohmann::ordered_json out;
  out["rows"] = w.rows;
  out["mini_batches"] = w.mini_batches;
  out["commits"] = w.commits;
  out["seconds"] = w.seconds;
  out["seconds_waited"] = w.waited;
  out["samples_per_second"] = number(w.speed > 0 ? w.speed : nan);
  out["staleness"] = w.window_staleness;
  const double count = w.window_rows > 0 ? static_cast<double>(w.window_rows) : nan;
  out["loss"] = number(w.window_loss / count);
  out["accuracy"] =
      number(counts_right_rows() ? static_cast<double>(w.window_correct) / count : nan);
  return out;
}

nlohmann::json run_totals::image() const {
  nlohmann::json workers = nlohmann::json::array();
  for (const worker_totals& w : workers_) {
    workers.push_back({{"rows", w.rows},
                       {"mini_batches", w.mini_batches},
                       {"commits", w.commits},
                       {"seconds", w.seconds},
                       {"waited", w.waited},
                       {"bytes_sent", w.bytes_sent},
                       {"bytes_received", w.bytes_received},
                       {"commit_staleness", w.commit_staleness},
                       {"epoch_loss", w.epoch_loss},
                       {"epoch_rows", w.epoch_rows},
                       {"last_epoch", w.last_epoch}});
  }
  return {{"workers", std::move(workers)},
          {"rows", rows_},
          {"commits", commits_},
          {"bytes_sent", bytes_sent_},
          {"bytes_received", bytes_received_},
          {"repeats", repeats_},
          {"dropped", dropped_},
          {"rows_repeated", rows_repeated_},
          {"staleness", staleness_}};
}

void run_totals::restore(const nlohmann::json& from) {
  try {
    const auto& workers = from.at("workers");
    if (workers.size() < plan_->setup.workers || workers.size() > plan_->most_workers()) {
      throw data_error("checkpoint", "it has another number of workers");
    }
    extend(static_cast<std::uint32_t>(workers.size()));
    for (std::size_t i = 0; i < workers.size(); ++i) {
      const auto& of = workers[i];
      worker_totals& w = workers_[i];
      w.rows = of.at("rows");
      w.mini_batches = of.at("mini_batches");
      w.commits = of.at("commits");
      w.seconds = of.at("seconds");
      // Older checkpoints lack these.
      w.waited = of.value("waited", 0.0);
      w.bytes_sent = of.value("bytes_sent", std::uint64_t{0});
      w.bytes_received = of.value("bytes_received", std::uint64_t{0});
      w.commit_staleness = of.value("commit_staleness", 0.0);
      w.epoch_loss = of.at("epoch_loss");
      w.epoch_rows = of.at("epoch_rows");
      w.last_epoch = of.at("last_epoch");
    }
    rows_ = from.at("rows");
    commits_ = from.at("commits");
    bytes_sent_ = from.at("bytes_sent");
    bytes_received_ = from.at("bytes_received");
    repeats_ = from.at("repeats");
    dropped_ = from.at("dropped");
    rows_repeated_ = from.at("rows_repeated");
    staleness_ = from.at("staleness");
  } catch (const nlohmann::json::exception& e) {
    throw data_error("checkpoint", e.what());
  }
}

double run_totals::train_loss() const {
  std::uint32_t last = 0;
  for (const worker_totals& w : workers_) last = std::max(last, w.last_epoch);
  double loss = 0;
  std::uint64_t rows = 0;
  for (const worker_totals& w : workers_) {
    if (w.last_epoch != last) continue;
    loss += w.epoch_loss;
    rows += w.epoch_rows;
  }
  return rows > 0 ? loss / static_cast<double>(rows) : nan;
}

nlohmann::ordered_json run_totals::summary(const ending& end) const {
  const job& of = plan_->of;
  nlohmann::ordered_json out;
  out["name"] = of.name;
  out["protocol"] = plan_->protocol.name;
  out["consistency"] = of.optimizer.consistency.name;
  out["compression"] = of.optimizer.compression.name;
  out["communication_window"] =
      of.optimizer.window_is_epoch ? nlohmann::json("epoch") : nlohmann::json(plan_->setup.window);
  out["workers"] = of.actors.workers;
  out["parameter_servers"] = of.actors.parameter_servers;
  out["data_shards"] = of.actors.data_shards;
  out["nodes"] = plan_->nodes;
  out["parameters"] = plan_->model.parameters;
  if (plan_->protocol.separate_models) out["members"] = plan_->groups;
  out["epochs"] = of.training.epochs;
  out["rows_trained"] = rows_;
  out["rows_repeated"] = rows_repeated_;
  out["rows_per_epoch"] = plan_->rows_per_epoch;
  out["commits"] = commits_;
  out["commits_repeated"] = repeats_;
  out["commits_dropped"] = dropped_;
  out["bytes_sent"] = bytes_sent_;
  out["bytes_received"] = bytes_received_;
  out["mean_staleness"] = commits_ ? staleness_ / static_cast<double>(commits_) : 0.0;
  out["rebalances"] = end.rebalances;
  out["seconds"] = end.seconds;
  out["samples_per_second"] =
      number(end.seconds > 0 ? static_cast<double>(rows_) / end.seconds : nan);
  out["train_loss"] = number(train_loss());
  add_score(out, "test", end.test);
  if (!end.test.has_data) {
    for (const metric_spec& m : of.model.metrics) out["test_" + m.name] = nullptr;
  }
  if (plan_->has_validation) add_score(out, "validation", end.validation);
  out["stopped_by"] = end.stopped_by;
  if (!end.failure.empty()) out["failure"] = end.failure;
  out["seed"] = of.seed;
  std::string why = why_not_reproducible(of, plan_->protocol);
  if (why.empty() && end.stopped_by != "epochs") {
    why = "it ended early (" + end.stopped_by + ")";
  }
  out["reproducible"] = why.empty();
  if (!why.empty()) out["reproducible_because"] = why;
  auto& per_worker = out["per_worker"] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    const worker_totals& w = workers_[i];
    const auto commits = static_cast<double>(w.commits);
    per_worker.push_back({{"worker", i},
                          {"mini_batches", w.mini_batches},
                          {"rows", w.rows},
                          {"commits", w.commits},
                          {"seconds", w.seconds},
                          {"bytes_sent", w.bytes_sent},
                          {"bytes_received", w.bytes_received},
                          {"mean_staleness", commits > 0 ? w.commit_staleness / commits : 0.0}});
  }
  out["version"] = version;
  return out;
}

std::string why_not_reproducible(const job& of, const protocol_entry& protocol) {
  const optimizer_spec& o = of.optimizer;
  if (protocol.shares_parameters && of.actors.workers > 1) {
    return "several workers change one vector at the same time";
  }
  // The models of an ensemble know nothing of each other.
  if (of.actors.workers > 1 && !protocol.separate_models) {
    if (o.consistency.name != "synchronous") {
      return "several workers commit in the order in which they happen to finish";
    }
    if (o.consistency.options.has("backup_workers") &&
        o.consistency.options.integer("backup_workers") > 0) {
      return "with backup_workers it depends on their speed whose commits a round takes";
    }
    if (of.supervisor.rebalance) {
      return "with supervisor.rebalance a worker's share of the rows may depend on its speed";
    }
  }
  const stop_spec& stop = of.training.stop;
  if (stop.max_seconds) return "training.stop.max_seconds depends on the machine's speed";
  if (stop.target_accuracy || stop.target_loss || stop.patience) {
    return "evaluation runs beside training, so a stop rule may take effect a little later";
  }
  if (of.training.keep_best && of.training.evaluate_every > 0) {
    return "evaluation runs beside training, so the best model is met at slightly other rows";
  }
  return {};
}

}  // namespace troupe
