#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "troupe/cluster/metrics/event_log.hpp"
#include "troupe/cluster/metrics/http_service.hpp"

namespace troupe {

/// Whether a request that names this host may be answered where only this machine is listened to:
/// pages of other sites, whose names lead here by a trick, name theirs. `own`: the name that is
/// listened at.
bool is_own_host(const std::string& header, const std::string& own);

/// Answers who watches a run by HTTP; changes nothing. Knows neither sockets nor actors.
///
///     /                  the page that follows the run; /live.css and /live.js go with it
///     /metrics           numbers for Prometheus
///     /status            what `troupe status --json` prints
///     /events?after=N    {"events": [...], "next": N}, see event_log::behind
///     /end               how the run ended, once it has (see http_service's last words)
class web_desk {
 public:
  using clock = std::chrono::steady_clock;
  /// How long a status is told again without asking for another.
  static constexpr std::chrono::milliseconds status_age{250};

  struct sources {
    /// The status on one line, or {"error": "..."}.
    std::function<std::string()> status;
    std::shared_ptr<const event_log> events;
    std::string own_host;  ///< what may be named; empty: anything
  };
  explicit web_desk(sources of) : sources_(std::move(of)) {}

  /// By one thread. None: the client is to wait for the end.
  std::optional<http_answer> answer(const http_request& request, clock::time_point now);

 private:
  using text = std::shared_ptr<const std::string>;
  void look(clock::time_point now);
  http_answer status(clock::time_point now);
  http_answer metrics(clock::time_point now);

  const sources sources_;
  text status_, metrics_;  // metrics: none while nobody has asked for those of this status
  bool well_ = false;      // the status is no error
  clock::time_point looked_;
};

/// An answer of JSON.
http_answer json_answer(unsigned status, std::string body);

}  // namespace troupe
