#include "troupe/actors/recorder.hpp"

#include <unistd.h>

#include <caf/all.hpp>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>

#include "troupe/actors/configure.hpp"

namespace troupe {

namespace {

nlohmann::json number(double value) {
  if (!std::isfinite(value)) return nullptr;
  return value;
}

/// A reason may hold bytes that are no UTF-8 (a file's name); they must not end a run.
std::string text_of_line(const nlohmann::ordered_json& line) {
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

/// A run that goes on after a crash may find the beginning of a line.
void cut_torn_line(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::size_t last = text.rfind('\n');
  const std::size_t whole = last == std::string::npos ? 0 : last + 1;
  if (whole < text.size() && ::truncate(path.c_str(), static_cast<off_t>(whole)) != 0) {
    throw run_error(path, std::string("cannot cut: ") + std::strerror(errno));
  }
}

recorder_state::file open_file(const std::string& folder, const std::string& name) {
  if (folder.empty()) return nullptr;
  const std::string path = folder + "/" + name;
  cut_torn_line(path);
  recorder_state::file file(std::fopen(path.c_str(), "ae"));
  if (!file) throw run_error(path, std::string("cannot open: ") + std::strerror(errno));
  return file;
}

void append(const recorder_state::file& file, const char* name, const std::string& line) {
  if (!file) return;
  if (std::fputs((line + "\n").c_str(), file.get()) < 0 || std::fflush(file.get()) != 0) {
    throw run_error(name, std::string("cannot write: ") + std::strerror(errno));
  }
}

}  // namespace

std::string to_line(const report& r) {
  nlohmann::ordered_json out;
  out["time"] = r.time;
  if (r.evaluation) {
    out["evaluation"] = true;
    out["part"] = r.part;
  } else {
    out["worker"] = r.worker;
  }
  out["epoch"] = r.epoch;
  out["rows"] = r.rows;
  out["loss"] = number(r.loss);
  out["accuracy"] = number(r.accuracy);
  if (r.evaluation) {
    for (const auto& [name, value] : r.metrics) out[name] = number(value);
  } else {
    out["staleness"] = r.staleness;
    out["samples_per_second"] = number(r.samples_per_second);
    out["bytes_sent"] = r.bytes_sent;
    out["bytes_received"] = r.bytes_received;
  }
  return text_of_line(out);
}

std::string to_line(const run_event& e) {
  nlohmann::ordered_json out;
  out["time"] = e.time;
  out["event"] = e.name;
  for (const auto& [key, value] : e.facts.items()) out[key] = value;
  return text_of_line(out);
}

recorder_actor::behavior_type recorder(recorder_actor::stateful_pointer<recorder_state> self,
                                       const std::string& folder, const run_observer& observer,
                                       bool tensorboard) {
  fail_on_exception(self, "recorder");
  self->state.history = open_file(folder, "history.jsonl");
  self->state.events = open_file(folder, "events.jsonl");
  if (tensorboard && !folder.empty()) {
    self->state.tensorboard = std::make_unique<tensorboard_log>(folder);
  }
  self->state.observer = observer;
  return {
      [=](const report& r) {
        append(self->state.history, "history.jsonl", to_line(r));
        if (self->state.tensorboard) self->state.tensorboard->add(r);
        if (self->state.observer.on_report) self->state.observer.on_report(r);
      },
      [=](const run_event& e) {
        append(self->state.events, "events.jsonl", to_line(e));
        if (self->state.tensorboard) self->state.tensorboard->add(e);
        if (self->state.observer.on_event) self->state.observer.on_event(e);
      },
      [=](flush_atom) { return flush_atom::value; },
  };
}

}  // namespace troupe
