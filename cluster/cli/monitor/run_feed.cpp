#include "run_feed.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <fstream>
#include <utility>

#include "../status_reading.hpp"
#include "troupe/base/error.hpp"

namespace troupe::cli {

namespace {

/// A run that said it stops has so long to write its files, before that is all there is to say.
constexpr std::chrono::seconds last_words{20};
constexpr std::chrono::milliseconds between_tries{500};

using json = nlohmann::ordered_json;

/// Nothing where the run is not over.
json summary_in(const std::string& folder) {
  std::ifstream file(folder + "/summary.json");
  return file ? json::parse(file, nullptr, false) : json();
}

std::string outcome_text(const json& summary) {
  std::string out = fmt::format("stopped by {}: {} rows in {} s", word(summary, "stopped_by"),
                                text(summary, "rows_trained"), text(summary, "seconds", 1));
  if (number(summary, "test_loss")) out += ", test loss " + text(summary, "test_loss", 4);
  if (number(summary, "test_accuracy")) out += ", accuracy " + text(summary, "test_accuracy", 4);
  if (summary.contains("failure")) out += " (" + word(summary, "failure") + ")";
  return out;
}

}  // namespace

run_feed::run_feed(control_arguments arguments, control_target first,
                   std::chrono::milliseconds period)
    : arguments_(std::move(arguments)),
      target_(std::move(first)),
      period_(period),
      bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!bell_) throw run_error(target_.name, "out of descriptors");
  // What is looked for later is this run, not whatever is the newest then.
  if (arguments_.connect.empty()) arguments_.folder = target_.name;
  thread_ = std::thread([this] { run(); });
}

run_feed::~run_feed() {
  end(std::chrono::milliseconds(0));
  thread_.join();
}

double run_feed::now() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void run_feed::ring() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(bell_.get(), &one, sizeof one);
}

void run_feed::heard() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(bell_.get(), &count, sizeof count);
}

run_view run_feed::view() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return watch_.view();
}

nlohmann::ordered_json run_feed::status() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return status_;
}

run_feed::message run_feed::take_message() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(message_, {});
}

void run_feed::request(const std::string& name) {
  const std::lock_guard<std::mutex> lock(mutex_);
  requests_.push_back(name);
  changed_.notify_all();
}

bool run_feed::end(std::chrono::milliseconds patience) {
  std::unique_lock<std::mutex> lock(mutex_);
  ending_ = true;
  changed_.notify_all();
  return changed_.wait_for(lock, patience, [this] { return ended_; });
}

void run_feed::say(const std::string& text, bool bad) {
  const std::lock_guard<std::mutex> lock(mutex_);
  message_ = {text, bad};
}

void run_feed::run() {
  for (;;) {
    const auto begun = std::chrono::steady_clock::now();
    if (target_.run) {
      try {
        serve_requests();
        look();
      } catch (const error& e) {
        target_.run.reset();
        broken(e.message());
      }
    } else {
      reconnect();
    }
    ring();
    std::unique_lock<std::mutex> lock(mutex_);
    const tie tied = watch_.view().tied;
    const bool over = tied == tie::over || tied == tie::failed;
    const auto next = begun + (target_.run ? period_ : between_tries);
    const auto due = [this] { return ending_ || !requests_.empty(); };
    if (over) {
      changed_.wait(lock, due);
    } else {
      changed_.wait_until(lock, next, due);
    }
    if (ending_) break;
    if (!target_.run && !requests_.empty()) {
      requests_.clear();
      message_ = {over ? "the run is over" : "the run does not answer", true};
    }
  }
  target_.run.reset();
  const std::lock_guard<std::mutex> lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void run_feed::look() {
  std::deque<std::string> events;
  const std::uint64_t next =
      target_.run->events_after(events_, [&](const std::string& line) { events.push_back(line); });
  auto status = target_.run->ask({{"request", "status"}});
  events_ = next;
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const std::string& line : events) watch_.take_event(line);
  watch_.take_status(status, now());
  status_ = std::move(status);
}

void run_feed::serve_requests() {
  std::deque<std::string> requests;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    requests.swap(requests_);
  }
  for (const std::string& name : requests) {
    try {
      const auto answer = target_.run->ask({{"request", name}});
      if (name == "stop") say("stopping after the windows under way", false);
      if (name == "checkpoint") say("a checkpoint is being written", false);
      if (name == "pause") say("paused: workers train what they hold, then wait", false);
      if (name == "resume") say("going on", false);
    } catch (const error& e) {
      say(fmt::format("{}: {}", name, e.message()), true);
    }
  }
}

/// \throws nothing: who is not found is looked for again.
void run_feed::reconnect() {
  try {
    target_ = reach(arguments_);
  } catch (const error& e) {
    broken(e.message());
  }
}

void run_feed::broken(const std::string& why) {
  const bool local = arguments_.connect.empty();
  const auto time = std::chrono::steady_clock::now();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (watch_.view().tied == tie::live) broken_since_ = time;
  const std::string& by = watch_.stopped_by();
  // A folder's summary is written last: it comes a while after the run said that it stops.
  const json summary = local ? summary_in(arguments_.folder) : json();
  if (summary.is_object()) {
    const std::string how = word(summary, "stopped_by");
    watch_.over(outcome_text(summary), how != "failed" && how != "diverged");
  } else if (!by.empty() && (!local || time - broken_since_ > last_words)) {
    watch_.over("stopped by " + by, by != "failed" && by != "diverged");
  } else {
    watch_.lost(by.empty() ? why : "the run ends: stopped by " + by);
  }
}

}  // namespace troupe::cli
