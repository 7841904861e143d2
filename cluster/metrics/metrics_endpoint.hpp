#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "troupe/actors/recorder.hpp"
#include "troupe/cluster/control/control_desk.hpp"
#include "troupe/cluster/metrics/event_log.hpp"
#include "troupe/cluster/metrics/http_service.hpp"
#include "troupe/config/job.hpp"

namespace troupe {

/// Where a run is watched over HTTP: the section `metrics` of its job. Listens from the first
/// moment, so that an address that cannot be had is known before anything is written; answers once
/// there is a desk to ask.
class metrics_endpoint {
 public:
  /// None where the job asks for none. \throws error (run) at the job's place where the address
  /// cannot be had, or leads beyond loopback without leave.
  static std::unique_ptr<metrics_endpoint> of(const job& j);

  /// "http://127.0.0.1:40123/"
  const std::string& url() const noexcept { return url_; }
  /// Passes all on to `to`, and keeps the events for those who watch.
  run_observer listening_to(run_observer to) const;
  /// From now on it answers.
  void serve(std::shared_ptr<control_desk> desk);
  /// What those who follow the run are told when this is gone.
  void over(const nlohmann::ordered_json& summary);

 private:
  metrics_endpoint() = default;
  void listen(const listen_at& at, bool beyond_loopback);

  descriptor listening_;
  std::string host_, url_;
  bool loopback_ = true;
  std::shared_ptr<event_log> events_ = std::make_shared<event_log>();
  std::optional<http_service> service_;
};

}  // namespace troupe
