#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>

#include "command.hpp"
#include "comparison.hpp"
#include "interrupts.hpp"
#include "progress.hpp"
#include "text.hpp"
#include "troupe/base/sectioned_file.hpp"
#include "troupe/cluster/report/page.hpp"
#include "troupe/cluster/run_folder.hpp"
#include "troupe/config/reader.hpp"
#include "troupe/config/variant.hpp"
#include "troupe/troupe.hpp"

namespace troupe::cli {

namespace {

constexpr std::uint32_t most_workers = 4096;
constexpr const char* results[] = {"table.md", "table.json", "compare.html"};

/// One setting that is to be run.
struct setting_run {
  job of;
  std::vector<std::string> warnings;
  std::string name() const {
    return fmt::format("{}-{}", of.optimizer.protocol, of.actors.workers);
  }
  std::string label() const {
    return fmt::format("{}, {}", of.optimizer.protocol, counted(of.actors.workers, "worker"));
  }
};

std::vector<std::optional<std::uint32_t>> worker_counts(const std::string& text) {
  if (text.empty()) return {std::nullopt};  // the job's
  std::vector<std::optional<std::uint32_t>> counts;
  for (const std::string& part : split(text, ',')) {
    std::uint32_t count = 0;
    const char* end = part.data() + part.size();
    const auto read = std::from_chars(part.data(), end, count);
    if (read.ec != std::errc() || read.ptr != end || count < 1 || count > most_workers) {
      throw job_error("--workers", fmt::format("'{}' is no number of workers; expected numbers "
                                               "from 1 to {}, as in 1,2,4",
                                               part, most_workers));
    }
    counts.emplace_back(count);
  }
  return counts;
}

/// Everything that will run, read and checked before anything does. What was left out for whom goes
/// into `left_out`, once a protocol.
std::vector<setting_run> plan(const compare_arguments& arguments, const catalogue& known,
                              std::vector<std::string>& left_out) {
  std::vector<std::string> protocols;
  for (const std::string& name : split(arguments.protocols, ',')) {
    protocols.push_back(find_protocol(known.protocols, name, "--protocols").name);
  }
  const auto counts = worker_counts(arguments.workers);
  const std::string text = job_text(arguments.job);
  std::vector<setting_run> runs;
  std::set<std::string> planned;
  for (const std::string& protocol : protocols) {
    for (const auto& workers : counts) {
      const variant_request request{protocol, workers, arguments.recommended};
      try {
        job_variant variant =
            parse_variant(text, arguments.job, arguments.overrides, request, known);
        setting_run run{std::move(variant.of), {}};
        run.warnings = check(run.of, known);
        if (!planned.insert(run.name()).second) continue;
        for (const std::string& line : variant.left_out) {
          const std::string said = protocol + " leaves out " + line;
          if (std::count(left_out.begin(), left_out.end(), said) == 0) left_out.push_back(said);
        }
        runs.push_back(std::move(run));
      } catch (const error& e) {
        throw error(e.kind(), e.place(),
                    fmt::format("{} (as {}{})", e.message(), protocol,
                                workers ? ", " + counted(*workers, "worker") : ""));
      }
    }
  }
  return runs;
}

/// The folder of a comparison, with one for each run inside.
class comparison_folder {
 public:
  comparison_folder(const compare_arguments& arguments, const std::vector<setting_run>& runs)
      : own_(arguments.folder.empty()), path_(arguments.folder), page_(arguments.output) {
    refuse_no_place();
    if (own_) {
      path_ = run_folder::make_default(runs.front().of.name + "-compare");
      return;
    }
    run_folder::refuse_taken(path_);
    std::error_code ignored;
    for (const char* name : results) {
      if (!std::filesystem::exists(path_ + "/" + name, ignored)) continue;
      throw job_error(path_, fmt::format("the folder holds a comparison already ({}); choose "
                                         "another",
                                         name));
    }
    for (const setting_run& run : runs) run_folder::refuse_taken(of(run));
  }

  const std::string& path() const { return path_; }
  std::string of(const setting_run& run) const { return path_ + "/" + run.name(); }

  /// Takes away what was made for a comparison that never began.
  void forget() const {
    if (own_ && ::rmdir(path_.c_str()) == 0) ::rmdir("runs");
  }

  /// Written anew after each run: a comparison that is ended keeps what is there.
  void write(const comparison& so_far) const {
    write_file_atomically(path_ + "/table.md", to_markdown(so_far));
    write_file_atomically(path_ + "/table.json", to_json(so_far).dump(2) + "\n");
    write_file_atomically(page(), page_of(so_far));
  }

  std::string page() const { return page_.empty() ? path_ + "/compare.html" : page_; }

 private:
  /// Before anything is trained for it.
  void refuse_no_place() const {
    if (page_.empty()) return;
    const std::filesystem::path folder = std::filesystem::path(page_).parent_path();
    std::error_code ignored;
    if (folder.empty() || std::filesystem::is_directory(folder, ignored)) return;
    throw job_error("--output", fmt::format("there is no folder {}", folder.string()));
  }

  /// From the files of the runs: what anyone could make of them later.
  static std::string page_of(const comparison& so_far) {
    std::vector<page::compared> runs;
    for (const compared_run& run : so_far.runs) {
      std::error_code ignored;
      // One that never began has no folder; the notes say why.
      if (!std::filesystem::exists(run.folder + "/history.jsonl", ignored)) continue;
      runs.push_back({run.label(), page::read_run(run.folder)});
    }
    return page::compare_page(so_far.job + ": protocols compared", runs, notes_of(so_far));
  }

  const bool own_;
  std::string path_, page_;
};

compared_run row_of(const setting_run& run, const std::string& folder) {
  compared_run row;
  row.protocol = run.of.optimizer.protocol;
  row.workers = run.of.actors.workers;
  row.consistency = run.of.optimizer.consistency.name;
  row.compression = run.of.optimizer.compression.name;
  row.folder = folder;
  return row;
}

/// Trains one setting; what goes wrong once training has begun is in the result.
/// `started` is called as soon as it has.
compared_run run_one(const setting_run& run, const std::string& folder, run_control& control,
                     const compare_arguments& arguments, const catalogue& known,
                     const std::function<void()>& started) {
  progress shown(arguments.quiet);
  train_options options;
  options.folder = folder;
  options.control = &control;
  options.observer.on_report = [&](const report& r) { shown.show(r); };
  options.observer.on_event = [&](const run_event& e) {
    if (e.name == "started") started();
    shown.show(e);
  };
  const train_result result = train(run.of, options, known);
  shown.finish();
  compared_run out = row_of(run, folder);
  out.summary = result.summary;
  out.stopped_by = result.stopped_by;
  out.failure = result.failure;
  return out;
}

/// The runs of a comparison, one after the other.
class comparing {
 public:
  comparing(const compare_arguments& arguments, const catalogue& known)
      : arguments_(arguments), known_(known), guard_(control_, arguments.quiet) {}

  int run() {
    const std::vector<setting_run> runs = plan(arguments_, known_, all_.left_out);
    const comparison_folder folder(arguments_, runs);
    all_.job = runs.front().of.name;
    all_.planned = runs.size();
    for (const setting_run& next : runs) {
      if (guard_.asked() && !all_.runs.empty()) break;
      try {
        all_.runs.push_back(
            run_one(next, folder.of(next), control_, arguments_, known_, [&] { announce(next); }));
      } catch (const error& e) {
        // A job or data that cannot be used at all is no result of a comparison.
        if (all_.runs.empty() && e.kind() != error_kind::run) {
          folder.forget();
          throw;
        }
        all_.runs.push_back(failed(next, folder.of(next), e));
      }
      const std::string& failure = all_.runs.back().failure;
      if (!failure.empty()) fmt::print(stderr, "troupe: {}: {}\n", next.label(), failure);
      folder.write(all_);
    }
    show(folder);
    return status();
  }

 private:
  /// Not before a run has started: a job that cannot run leaves one line, the one that says why.
  void announce(const setting_run& next) {
    if (all_.runs.empty()) {
      for (const std::string& line : all_.left_out) fmt::print(stderr, "troupe: {}\n", line);
    }
    for (const std::string& warning : next.warnings) {
      if (warned_.insert(warning).second) fmt::print(stderr, "troupe: warning: {}\n", warning);
    }
    if (arguments_.quiet) return;
    fmt::print(stderr, "[{}/{}] {}\n", all_.runs.size() + 1, all_.planned, next.label());
  }

  static compared_run failed(const setting_run& run, const std::string& folder, const error& e) {
    compared_run out = row_of(run, folder);
    out.stopped_by = "failed";
    out.failure = e.what();
    return out;
  }

  void show(const comparison_folder& folder) const {
    if (arguments_.json) {
      nlohmann::ordered_json out = to_json(all_);
      out["folder"] = folder.path();
      fmt::print("{}\n", out.dump());
      return;
    }
    fmt::print("{}{}: {}\n", to_text(all_),
               arguments_.output.empty() ? "tables and curves" : "tables", folder.path());
    if (!arguments_.output.empty()) fmt::print("page: {}\n", folder.page());
  }

  int status() const {
    if (guard_.asked()) return exit_interrupted;
    const bool all_well = std::all_of(all_.runs.begin(), all_.runs.end(),
                                      [](const compared_run& r) { return r.failure.empty(); });
    return all_well ? exit_ok : exit_failed;
  }

  const compare_arguments& arguments_;
  const catalogue& known_;
  run_control control_;
  interrupts guard_;
  comparison all_;
  std::set<std::string> warned_;
};

}  // namespace

int compare_command(const compare_arguments& arguments) {
  const catalogue known = catalogue::builtin();
  return comparing(arguments, known).run();
}

}  // namespace troupe::cli
