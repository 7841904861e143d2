#include "status_reading.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace troupe::cli {

namespace {

using json = nlohmann::ordered_json;

/// A worker is slow below this share of the median speed.
constexpr double slow_share = 0.5;
/// A worker that reports nothing for so many of its windows, and seconds, is quiet.
constexpr double quiet_windows = 3, quiet_seconds = 2;

}  // namespace

const json& at(const json& object, const char* key) {
  static const json none;
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() ? *found : none;
}

std::optional<double> number(const json& object, const char* key) {
  const json& value = at(object, key);
  return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

std::string word(const json& object, const char* key) {
  const json& value = at(object, key);
  return value.is_string() ? value.get<std::string>() : "-";
}

std::string text(std::optional<double> value, int digits) {
  return value ? fmt::format("{:.{}f}", *value, digits) : "-";
}

std::string text(const json& object, const char* key, int digits) {
  return text(number(object, key), digits);
}

std::string value_text(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return fmt::format("{:.6g}", value.get<double>());
  if (value.is_null()) return "-";
  if (!value.is_array()) return value.dump(-1, ' ', false, json::error_handler_t::replace);
  std::vector<std::string> parts;
  for (const json& part : value) parts.push_back(value_text(part));
  return fmt::format("{}", fmt::join(parts, ","));
}

std::string extremes(const json& list, const char* key) {
  std::optional<double> least, most;
  for (const json& part : list) {
    const auto value = number(part, key);
    if (!value) continue;
    least = std::min(least.value_or(*value), *value);
    most = std::max(most.value_or(*value), *value);
  }
  return least == most ? text(least) : text(least) + ".." + text(most);
}

double sum_of(const json& list, const char* key) {
  double sum = 0;
  for (const json& part : list) sum += number(part, key).value_or(0);
  return sum;
}

std::string optimizer_text(const json& status) {
  std::string out = word(status, "protocol");
  for (const char* key : {"consistency", "compression"}) {
    const std::string choice = word(status, key);
    if (choice != "-" && choice != "" && choice != "none") out += ", " + choice;
  }
  return out;
}

bool has_nodes(const json& list) {
  return std::any_of(list.begin(), list.end(),
                     [](const json& one) { return word(one, "node").size() > 1; });
}

std::optional<double> median_speed(const json& workers) {
  std::vector<double> speeds;
  for (const json& w : workers) {
    const auto speed = number(w, "samples_per_second");
    if (speed && word(w, "state") == "ready") speeds.push_back(*speed);
  }
  if (speeds.size() < 2) return std::nullopt;
  std::sort(speeds.begin(), speeds.end());
  return (speeds[(speeds.size() - 1) / 2] + speeds[speeds.size() / 2]) / 2;
}

remark remark_on(const json& worker, std::optional<double> median, bool training) {
  const std::string state = word(worker, "state");
  if (state == "lost" || state == "silent") return {state, state};
  if (state != "ready") return {};
  const auto speed = number(worker, "samples_per_second");
  if (speed && median && *speed < slow_share * *median) {
    return {"slow", fmt::format("slow: {:.2f} of the median", *speed / *median)};
  }
  // How long its windows take.
  const auto rows = number(worker, "rows"), commits = number(worker, "commits");
  const auto since = number(worker, "seconds_since_report");
  const bool busy = number(worker, "rows_leased").value_or(0) > 0;
  if (!training || !busy || !since || !speed || !rows || !commits || *commits < 1) return {};
  const double window = *rows / *commits / *speed;
  if (*since < std::max(quiet_seconds, quiet_windows * window)) return {};
  return {"quiet", fmt::format("quiet: a window takes {:.1f} s", window)};
}

}  // namespace troupe::cli
