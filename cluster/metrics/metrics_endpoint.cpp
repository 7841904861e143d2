#include "troupe/cluster/metrics/metrics_endpoint.hpp"

#include <fmt/format.h>

#include <utility>

#include "troupe/base/error.hpp"
#include "troupe/cluster/metrics/web_desk.hpp"

namespace troupe {

namespace {

using json = nlohmann::ordered_json;

http_answer ending(const json& summary) {
  json out;
  for (const char* key :
       {"stopped_by", "failure", "rows_trained", "seconds", "test_loss", "test_accuracy"}) {
    const auto found = summary.find(key);
    if (found != summary.end()) out[key] = *found;
  }
  if (!out.contains("stopped_by")) out["stopped_by"] = nullptr;
  return json_answer(200, out.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

}  // namespace

std::unique_ptr<metrics_endpoint> metrics_endpoint::of(const job& j) {
  const metrics_listen_spec& asked = j.metrics_listen;
  if (!asked.listen) return nullptr;
  const std::string place = j.place("metrics.listen");
  const auto at = listen_at_of(*asked.listen);
  if (!at) throw run_error(place, fmt::format("'{}' is no HOST:PORT", *asked.listen));
  std::unique_ptr<metrics_endpoint> made(new metrics_endpoint);
  try {
    made->listen(*at, asked.beyond_loopback);
  } catch (const error& e) {
    throw run_error(place, e.what());
  }
  made->host_ = at->host;
  made->url_ =
      fmt::format("http://{}/", to_text(at->host, local_address(made->listening_.get()).port()));
  return made;
}

/// At the first of its addresses that can be had.
void metrics_endpoint::listen(const listen_at& at, bool beyond_loopback) {
  std::optional<error> problem;
  for (const socket_address& address : resolve(at.host, at.port, true)) {
    loopback_ = address.is_loopback();
    // A name may lead anywhere.
    if (!loopback_ && !beyond_loopback) {
      throw run_error(to_text(address), "others reach it; see metrics.beyond_loopback");
    }
    try {
      listening_ = listen_on(address);
      return;
    } catch (const error& e) {
      if (!problem) problem = e;
    }
  }
  throw error(*problem);
}

run_observer metrics_endpoint::listening_to(run_observer to) const {
  run_observer out = to;
  out.on_event = [events = events_, next = std::move(to.on_event)](const run_event& e) {
    events->add(e);
    if (next) next(e);
  };
  return out;
}

void metrics_endpoint::serve(std::shared_ptr<control_desk> desk) {
  web_desk::sources from;
  from.status = [desk = std::move(desk)] { return desk->answer(R"({"request":"status"})"); };
  from.events = events_;
  if (loopback_) from.own_host = host_;
  auto web = std::make_shared<web_desk>(std::move(from));
  service_.emplace(std::move(listening_), [web](const http_request& request) {
    return web->answer(request, web_desk::clock::now());
  });
  service_->set_last_words(ending(json::object()));
}

void metrics_endpoint::over(const json& summary) {
  if (service_) service_->set_last_words(ending(summary));
}

}  // namespace troupe
