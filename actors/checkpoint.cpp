#include "troupe/actors/checkpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "troupe/base/error.hpp"
#include "troupe/base/sectioned_file.hpp"
#include "troupe/config/reader.hpp"

namespace troupe {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* suffix = ".checkpoint";

std::string file_name(std::uint64_t number) {
  return fmt::format("{:06}{}", number, suffix);
}

/// Checkpoints of a folder, the oldest first.
std::vector<std::string> files_of(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code problem;
  for (const auto& entry : fs::directory_iterator(folder, problem)) {
    const std::string name = entry.path().filename().string();
    const bool ours = entry.path().extension() == suffix && name[0] != '.';
    if (ours) names.push_back(name);
  }
  const auto number = [](const std::string& name) {
    return std::strtoull(name.c_str(), nullptr, 10);
  };
  std::sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
    return std::make_pair(number(a), a) < std::make_pair(number(b), b);
  });
  return names;
}

void put_floats(sectioned_file& file, const std::string& section, const std::vector<float>& v) {
  file.put(section, {reinterpret_cast<const std::byte*>(v.data()), v.size() * sizeof(float)});
}

std::vector<float> get_floats(const sectioned_file& file, const std::string& section,
                              std::size_t count) {
  const span<const std::byte> bytes = file.get(section);
  if (bytes.size() != count * sizeof(float)) {
    throw data_error(file.path(), fmt::format("section '{}' has {} bytes, not {} numbers", section,
                                              bytes.size(), count));
  }
  std::vector<float> out(count);
  if (count > 0) std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

json to_json(const ledger_image& book) {
  json stocks = json::array();
  for (const ledger_image::stock& s : book.stocks) {
    json returned = json::array();
    for (const auto& p : s.returned) returned.push_back({p.epoch, p.range.first, p.range.last});
    stocks.push_back({{"epoch", s.epoch}, {"at", s.at}, {"returned", std::move(returned)}});
  }
  return stocks;
}

ledger_image book_of(const json& stocks) {
  ledger_image book;
  for (const json& s : stocks) {
    book.stocks.push_back({s.at("epoch"), s.at("at"), {}});
    for (const json& p : s.at("returned")) {
      book.stocks.back().returned.push_back({p.at(0), {p.at(1), p.at(2)}});
    }
  }
  return book;
}

/// What must be the same for a run to go on: all of the job but what only says how it is run.
std::string essence(job of) {
  supervisor_spec kept;
  kept.rebalance = of.supervisor.rebalance;  // without, each worker has its own rows
  of.supervisor = kept;
  of.training.stop = {};
  of.recorder = {};
  of.metrics_listen = {};
  of.cluster.reset();
  return to_yaml(of);
}

/// The first line in which two texts differ.
std::string difference(const std::string& a, const std::string& b) {
  const auto [at, other] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  const auto line = [](const std::string& text, std::string::const_iterator where) {
    const auto offset = static_cast<std::size_t>(where - text.begin());
    const std::size_t before = offset == 0 ? std::string::npos : text.rfind('\n', offset - 1);
    const std::size_t first = before == std::string::npos ? 0 : before + 1;
    std::string out = text.substr(first, text.find('\n', offset) - first);
    out.erase(0, out.find_first_not_of(' '));
    return out;
  };
  return fmt::format("'{}', not '{}'", line(b, other), line(a, at));
}

bool same_transforms(const sectioned_file& file, const run_plan& plan) {
  sectioned_file now;
  plan.transforms.save(now);
  const auto a = file.get("transforms"), b = now.get("transforms");
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

checkpoint read(const std::string& path, const run_plan& plan) {
  const sectioned_file file = sectioned_file::load(path);
  checkpoint out;
  try {
    const json meta = json::parse(file.text("run"));
    // Before anything whose size follows from it.
    if (const std::string job = meta.at("job"); job != essence(plan.of)) {
      throw job_error(path, "it is of another job: it has " + difference(essence(plan.of), job));
    }
    if (meta.at("rows") != plan.rows_per_epoch || !same_transforms(file, plan)) {
      throw job_error(path, "the data has changed since then");
    }
    out.number = meta.at("number");
    out.seconds = meta.at("seconds");
    out.evaluations = meta.at("evaluations");
    out.rate = meta.at("rate");
    out.totals = meta.at("totals");
    out.rules = meta.at("rules");
    for (const json& book : meta.at("books")) out.books.push_back(book_of(book));
    for (const json& s : meta.at("slices")) {
      out.slices.push_back({s.at("version"), s.at("steps"), {}});
      const std::size_t count = s.at("state");
      out.slices.back().state.resize(std::min<std::size_t>(count, file.get("state").size()));
    }
  } catch (const json::exception& e) {
    throw data_error(path, fmt::format("section 'run' is damaged: {}", e.what()));
  }
  const std::size_t parameters = plan.groups * plan.model.parameters;
  const std::size_t statistics = plan.groups * plan.model.statistics;
  out.center.parameters = get_floats(file, "parameters", parameters);
  out.center.statistics = get_floats(file, "statistics", statistics);
  if (file.has("best_parameters")) {
    auto best = std::make_shared<center_snapshot>();
    best->parameters = get_floats(file, "best_parameters", parameters);
    best->statistics = get_floats(file, "best_statistics", statistics);
    out.best = std::move(best);
  }
  std::size_t states = 0;
  for (const auto& s : out.slices) states += s.state.size();
  const std::vector<float> all = get_floats(file, "state", states);
  auto at = all.begin();
  for (auto& s : out.slices) {
    std::copy_n(at, s.state.size(), s.state.begin());
    at += static_cast<std::ptrdiff_t>(s.state.size());
  }
  if (out.slices.size() != plan.slice_count() || out.books.size() != plan.groups) {
    throw data_error(path, "it has other slices or groups than the run");
  }
  return out;
}

}  // namespace

std::string save_checkpoint(const checkpoint& of, const run_plan& plan, const std::string& folder,
                            std::uint32_t keep) {
  sectioned_file file;
  json meta = {
      {"number", of.number},         {"seconds", of.seconds}, {"evaluations", of.evaluations},
      {"totals", of.totals},         {"rules", of.rules},     {"job", essence(plan.of)},
      {"rows", plan.rows_per_epoch}, {"rate", of.rate}};
  for (const ledger_image& book : of.books) meta["books"].push_back(to_json(book));
  std::vector<float> states;
  for (const checkpoint::slice& s : of.slices) {
    meta["slices"].push_back(
        {{"version", s.version}, {"steps", s.steps}, {"state", s.state.size()}});
    states.insert(states.end(), s.state.begin(), s.state.end());
  }
  file.put("run", meta.dump());
  put_floats(file, "parameters", of.center.parameters);
  put_floats(file, "statistics", of.center.statistics);
  put_floats(file, "state", states);
  if (of.best) {
    put_floats(file, "best_parameters", of.best->parameters);
    put_floats(file, "best_statistics", of.best->statistics);
  }
  plan.transforms.save(file);
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (problem) throw run_error(folder, "cannot make the folder: " + problem.message());
  const std::string name = file_name(of.number);
  file.save(folder + "/" + name);
  const std::vector<std::string> all = files_of(folder);
  for (std::size_t i = 0; i + std::max(keep, 1u) < all.size(); ++i) {
    fs::remove(folder + "/" + all[i], problem);
  }
  return name;
}

found_checkpoint load_last_checkpoint(const run_plan& plan, const std::string& folder,
                                      std::uint64_t most) {
  found_checkpoint out;
  std::vector<std::string> names = files_of(folder);
  std::reverse(names.begin(), names.end());
  for (const std::string& name : names) {
    const std::string path = folder + "/" + name;
    try {
      auto found = std::make_shared<const checkpoint>(read(path, plan));
      if (found->number > most) continue;
      out.last = std::move(found);
      out.file = name;
      return out;
    } catch (const error& e) {
      if (e.kind() == error_kind::job) throw data_error(e.place(), e.message());
      out.damaged.push_back(e.what());
    }
  }
  return out;
}

}  // namespace troupe
