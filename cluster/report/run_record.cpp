#include "troupe/cluster/report/run_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>

#include "troupe/base/error.hpp"
#include "troupe/cluster/run_folder.hpp"
#include "troupe/config/flat.hpp"

namespace troupe::page {

namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

constexpr std::size_t largest_text = 4u << 20;  // of job.yaml and summary.json
constexpr int deepest = 16;                     // lists in lists

/// Discarded where it is no JSON. What lies deeper than anything of ours is left out: it would
/// overflow the stack of whoever writes it.
json parsed_json(const std::string& text) {
  return json::parse(
      text, [](int depth, json::parse_event_t, json&) { return depth < deepest; }, false);
}

std::string at_most(std::ifstream& file, std::size_t bytes) {
  std::string text(bytes, '\0');
  file.read(text.data(), static_cast<std::streamsize>(bytes));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

double number_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : no_number;
}

std::string word_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

/// Reads one file of a run after the other.
class reading {
 public:
  explicit reading(const std::string& folder) { out_.folder = folder; }

  run_record run() {
    refuse_what_is_no_run();
    // Before the files: a run that ends meanwhile is then one under way with a summary.
    const bool held = run_folder::is_held(out_.folder);
    summary();
    job();
    lines("history.jsonl", [this](const json& line) { return history(line); });
    lines("events.jsonl", [this](const json& line) { return event(line); });
    out_.state = out_.summary.is_object() ? standing::over
                 : held                   ? standing::under_way
                                          : standing::cut_short;
    if (out_.name.empty()) {
      out_.name = (fs::path(out_.folder) / "").lexically_normal().parent_path().filename();
    }
    return std::move(out_);
  }

 private:
  std::string path(const char* name) const { return out_.folder + "/" + name; }
  void problem(std::string what) { out_.problems.push_back(std::move(what)); }

  void refuse_what_is_no_run() const {
    std::error_code ignored;
    if (!fs::is_directory(out_.folder, ignored)) {
      throw job_error(out_.folder, fs::exists(out_.folder, ignored) ? "is no folder of a run"
                                                                    : "there is no such folder");
    }
    // A job.yaml alone may be anybody's job.
    for (const char* name : {"summary.json", "history.jsonl", "events.jsonl"}) {
      if (fs::is_regular_file(path(name), ignored)) return;
    }
    throw job_error(out_.folder,
                    "holds no run: neither history.jsonl, events.jsonl nor summary.json");
  }

  /// The text of a file that is read whole; nothing where it is not there.
  std::optional<std::string> text_of(const char* name) {
    std::error_code ignored;
    if (!fs::exists(path(name), ignored)) return std::nullopt;
    std::ifstream file(path(name), std::ios::binary);
    if (!fs::is_regular_file(path(name), ignored) || !file) {
      problem(fmt::format("{} cannot be read", name));
      return std::nullopt;
    }
    std::string text = at_most(file, largest_text + 1);
    if (text.size() <= largest_text) return text;
    problem(fmt::format("{} is too large to be one of a run", name));
    return std::nullopt;
  }

  void summary() {
    const auto text = text_of("summary.json");
    if (!text) return;
    json parsed = parsed_json(*text);
    if (!parsed.is_object()) return problem("summary.json is damaged: it is no JSON object");
    out_.summary = std::move(parsed);
    out_.name = word_of(out_.summary, "name");
  }

  void job() {
    const auto text = text_of("job.yaml");
    if (!text) return problem("job.yaml is missing: the job as it ran is unknown");
    out_.job_text = *text;
    try {
      for (const auto& [key, value] : flat_settings(*text, "job.yaml")) {
        if (key == "name" && out_.name.empty()) out_.name = value;
      }
    } catch (const error& e) {
      problem(fmt::format("job.yaml is damaged: {}", e.what()));
    }
  }

  void lines(const char* name, const std::function<bool(const json&)>& take) {
    std::ifstream file(path(name), std::ios::binary);
    if (!file) return problem(fmt::format("{} is missing", name));
    std::size_t damaged = 0, number = 0, first = 0;
    bool torn = false;
    for (std::string line; std::getline(file, line);) {
      ++number;
      // The last line of a run under way may be half there; that is no damage.
      torn = file.eof();
      if (torn) break;
      if (line.empty()) continue;
      const json parsed = parsed_json(line);
      if (parsed.is_object() && take(parsed)) continue;
      if (damaged++ == 0) first = number;
    }
    if (file.bad()) problem(fmt::format("{} cannot be read to its end", name));
    if (torn) problem(fmt::format("the last line of {} is torn and left out", name));
    if (damaged > 0) {
      problem(fmt::format("{} {} of {} cannot be read and {} left out; the first is line {}",
                          damaged, damaged == 1 ? "line" : "lines", name,
                          damaged == 1 ? "is" : "are", first));
    }
  }

  bool history(const json& line) {
    const double time = number_of(line, "time"), rows = number_of(line, "rows");
    if (!std::isfinite(time) || !std::isfinite(rows)) return false;
    const auto flag = line.find("evaluation");
    if (flag != line.end() && flag->is_boolean() && flag->get<bool>()) {
      evaluation e{time, rows, word_of(line, "part"), number_of(line, "loss"), {}};
      for (const auto& [key, value] : line.items()) {
        if (key == "time" || key == "rows" || key == "loss" || key == "epoch") continue;
        if (value.is_number()) e.metrics.emplace_back(key, value.get<double>());
      }
      out_.evaluations.push_back(std::move(e));
      return true;
    }
    const auto worker = line.find("worker");
    if (worker == line.end() || !worker->is_number_unsigned()) return false;
    sample s;
    s.time = time;
    s.rows = rows;
    s.worker = worker->get<std::uint32_t>();
    s.loss = number_of(line, "loss");
    s.accuracy = number_of(line, "accuracy");
    s.staleness = number_of(line, "staleness");
    s.speed = number_of(line, "samples_per_second");
    s.sent = number_of(line, "bytes_sent");
    s.received = number_of(line, "bytes_received");
    out_.samples.push_back(s);
    return true;
  }

  bool event(const json& line) {
    happening h;
    h.time = number_of(line, "time");
    h.name = word_of(line, "event");
    if (!std::isfinite(h.time) || h.name.empty()) return false;
    h.facts = json::object();
    for (const auto& [key, value] : line.items()) {
      if (key != "time" && key != "event") h.facts[key] = value;
    }
    // Nodes that leave after the end have no clock of the run any more.
    if (h.name == "started" || h.name == "resumed") ended_at_.reset();
    if (ended_at_) {
      h.time = std::max(h.time, *ended_at_);
      h.after_end = true;
    }
    if (h.name == "stopped") ended_at_ = h.time;
    out_.events.push_back(std::move(h));
    return true;
  }

  run_record out_;
  std::optional<double> ended_at_;
};

}  // namespace

double run_record::number(const char* key) const {
  return summary.is_object() ? number_of(summary, key) : no_number;
}

std::string run_record::word(const char* key) const {
  return summary.is_object() ? word_of(summary, key) : "";
}

double run_record::seconds() const {
  double last = 0;
  for (const sample& s : samples) last = std::max(last, s.time);
  for (const evaluation& e : evaluations) last = std::max(last, e.time);
  for (const happening& h : events) last = std::max(last, h.time);
  return last;
}

run_record read_run(const std::string& folder) {
  return reading(folder).run();
}

}  // namespace troupe::page
