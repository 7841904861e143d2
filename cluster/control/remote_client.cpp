#include "troupe/cluster/control/remote_client.hpp"

#include <fmt/format.h>

#include <caf/all.hpp>
#include <sstream>
#include <thread>

#include "troupe/actors/configure.hpp"
#include "troupe/base/error.hpp"
#include "troupe/cluster/control/control_actor.hpp"
#include "troupe/cluster/nodes/configure_cluster.hpp"
#include "troupe/cluster/transport/transport.hpp"

namespace troupe {

namespace {

using json = nlohmann::ordered_json;

constexpr std::chrono::seconds patience{15};
constexpr std::chrono::milliseconds between_looks{300};

struct client_config : caf::actor_system_config {
  client_config() { configure_cluster(*this, 10); }
};

class remote_client final : public control_client {
 public:
  remote_client(const std::string& host, std::uint16_t port, std::optional<credentials> tls)
      : where_(fmt::format("{}:{}", host, port)), system_(config_), net_(system_, [&] {
          transport_options options;
          options.tls = std::move(tls);
          return options;
        }()) {
    caf::scoped_actor self(system_);
    std::string problem;
    self->request(net_.dialler(), patience, caf::connect_atom::value, host, port)
        .receive(
            [&](const caf::node_id&, const caf::strong_actor_ptr& found,
                const std::set<std::string>&) { run_ = caf::actor_cast<control_actor>(found); },
            [&](const caf::error& e) { problem = text_of(e, config_); });
    if (!problem.empty()) throw run_error(where_, problem);
    if (!run_) throw run_error(where_, "no run is led there");
  }
  ~remote_client() override { run_ = nullptr; }

  json ask(const nlohmann::json& request) override {
    json answer = json::parse(lines_of(request), nullptr, false);
    if (!answer.is_object()) throw run_error(where_, "the run's answer makes no sense");
    const auto why = answer.find("error");
    if (why != answer.end()) throw run_error(where_, why->get<std::string>());
    return answer;
  }

  void events(bool follow, const std::function<void(const std::string&)>& each) override {
    std::uint64_t after = 0;
    for (bool stopped = false;; std::this_thread::sleep_for(between_looks)) {
      after = events_after(after, [&](const std::string& line) {
        const json object = json::parse(line, nullptr, false);
        stopped = stopped || (object.is_object() && object.value("event", "") == "stopped");
        each(line);
      });
      if (!follow || stopped) return;
    }
  }

  std::uint64_t events_after(std::uint64_t byte,
                             const std::function<void(const std::string&)>& each) override {
    std::istringstream lines(lines_of({{"request", "events"}, {"after", byte}}));
    for (std::string line; std::getline(lines, line);) {
      const json object = json::parse(line, nullptr, false);
      const bool answer = object.is_object() && !object.contains("event");
      if (answer && object.contains("error")) {
        throw run_error(where_, object["error"].get<std::string>());
      }
      if (answer && object.contains("next")) {
        byte = object["next"].get<std::uint64_t>();
        continue;
      }
      each(line);
    }
    return byte;
  }

 private:
  std::string lines_of(const nlohmann::json& request) {
    std::string out, problem;
    caf::scoped_actor self(system_);
    self->request(run_, patience, control_atom::value, request.dump())
        .receive([&](const std::string& lines) { out = lines; },
                 [&](const caf::error& e) { problem = text_of(e, config_); });
    if (!problem.empty()) throw run_error(where_, problem);
    return out;
  }

  const std::string where_;
  client_config config_;
  caf::actor_system system_;
  transport net_;
  control_actor run_;
};

}  // namespace

std::unique_ptr<control_client> connect_over_network(const std::string& host, std::uint16_t port,
                                                     std::optional<credentials> tls) {
  return std::make_unique<remote_client>(host, port, std::move(tls));
}

}  // namespace troupe
