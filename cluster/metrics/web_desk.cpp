#include "troupe/cluster/metrics/web_desk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <utility>

#include "troupe/cluster/metrics/live_page.hpp"
#include "troupe/cluster/metrics/run_metrics.hpp"
#include "troupe/config/job.hpp"

namespace troupe {

namespace {

constexpr const char* plain_type = "text/plain; charset=utf-8";
constexpr const char* prometheus_type = "text/plain; version=0.0.4; charset=utf-8";

http_answer answer_of(unsigned status, const char* type, std::string body) {
  return {status, type, std::make_shared<const std::string>(std::move(body))};
}

http_answer asset(const char* type, const char* text) {
  return answer_of(200, type, text);
}

/// The number of "after=N" behind a path; 0 where there is none.
std::uint64_t after_in(const std::string& query) {
  const std::string name = "after=";
  if (query.rfind(name, 0) != 0) return 0;
  const std::string digits = query.substr(name.size());
  const bool number = !digits.empty() && digits.size() <= 18 &&
                      digits.find_first_not_of("0123456789") == std::string::npos;
  return number ? std::stoull(digits) : 0;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// 127.0.0.0/8, in numbers: a name may begin like that, too.
bool is_loopback_number(const std::string& host) {
  int dots = 0;
  std::size_t digits = 0;
  for (const char c : host) {
    if (c == '.' ? digits == 0 : (c < '0' || c > '9')) return false;
    digits = c == '.' ? 0 : digits + 1;
    dots += c == '.' ? 1 : 0;
    if (digits > 3) return false;
  }
  return dots == 3 && digits > 0 && host.rfind("127.", 0) == 0;
}

}  // namespace

http_answer json_answer(unsigned status, std::string body) {
  return answer_of(status, "application/json", std::move(body));
}

bool is_own_host(const std::string& header, const std::string& own) {
  // With or without a port: tunnels and proxies on this machine have ports of their own.
  const std::string text = lower(header);
  std::string host = text;
  if (text.rfind('[', 0) == 0) {
    const auto end = text.find(']');
    if (end == std::string::npos) return false;
    host = text.substr(1, end - 1);
  } else if (const auto colon = text.find(':'); colon != std::string::npos) {
    host = text.substr(0, colon);
  }
  if (!host.empty() && host.back() == '.') host.pop_back();
  return host == "localhost" || host == "::1" || is_loopback_number(host) || host == lower(own);
}

std::optional<http_answer> web_desk::answer(const http_request& request, clock::time_point now) {
  if (!sources_.own_host.empty() && request.host &&
      !is_own_host(*request.host, sources_.own_host)) {
    return answer_of(403, plain_type, "this is not the host that was asked for\n");
  }
  const auto mark = request.target.find('?');
  const std::string path = request.target.substr(0, mark);
  const std::string query = mark == std::string::npos ? "" : request.target.substr(mark + 1);
  if (path == "/metrics") return metrics(now);
  if (path == "/status") return status(now);
  if (path == "/events") return json_answer(200, sources_.events->behind(after_in(query)));
  if (path == "/end") return std::nullopt;
  if (path == "/") return asset("text/html; charset=utf-8", live_page);
  if (path == "/live.css") return asset("text/css; charset=utf-8", live_style);
  if (path == "/live.js") return asset("text/javascript; charset=utf-8", live_script);
  return answer_of(404, plain_type, "there is /, /metrics, /status and /events\n");
}

void web_desk::look(clock::time_point now) {
  if (status_ && now - looked_ < status_age) return;
  std::string line = sources_.status();
  const auto read = nlohmann::ordered_json::parse(line, nullptr, false);
  well_ = read.is_object() && !read.contains("error");
  status_ = std::make_shared<const std::string>(std::move(line));
  metrics_.reset();
  // What took long to find out is as old as it is.
  looked_ = now;
}

http_answer web_desk::status(clock::time_point now) {
  look(now);
  return {well_ ? 200u : 503u, "application/json", status_};
}

http_answer web_desk::metrics(clock::time_point now) {
  look(now);
  // A scrape that fails says more than numbers without a run.
  if (!well_) return answer_of(503, plain_type, "the run says nothing of itself\n");
  if (!metrics_) {
    metrics_ = std::make_shared<const std::string>(
        run_metrics(nlohmann::ordered_json::parse(*status_), sources_.events->counts()));
  }
  return {200, prometheus_type, metrics_};
}

}  // namespace troupe
