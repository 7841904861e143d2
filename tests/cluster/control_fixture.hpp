#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "cluster/workspace.hpp"
#include "troupe/base/error.hpp"
#include "troupe/cluster/control/control_socket.hpp"

namespace troupe::testing {

using json = nlohmann::json;
using std::chrono::milliseconds;
using steady = std::chrono::steady_clock;

/// Nothing here takes this long.
constexpr milliseconds time_limit{20000};

/// A run that is none: what it is asked is counted.
struct pretended_run {
  explicit pretended_run(const std::string& folder, control_limits limits = {}) {
    control_desk::sources of;
    of.status = [this] {
      if (!trouble.empty()) throw run_error("supervisor", trouble);
      return nlohmann::ordered_json{{"asked", ++asked}};
    };
    of.stop = [this] { ++stopped; };
    of.checkpoint = [this] { ++kept; };
    of.pause = [this](bool on) {
      if (!trouble.empty()) throw run_error("supervisor", trouble);
      return paused = on;
    };
    of.events_file = folder + "/events.jsonl";
    desk = std::make_shared<control_desk>(of);
    socket.emplace(folder, desk, limits);
  }
  std::string trouble;
  std::atomic<int> asked{0}, stopped{0}, kept{0};
  std::atomic<bool> paused{false};
  std::shared_ptr<control_desk> desk;
  std::optional<control_socket> socket;
};

/// A client that keeps no rules.
class raw_client {
 public:
  explicit raw_client(const std::string& folder) : connection_(connect_to_run(folder).first) {
    BOOST_REQUIRE(connection_);
  }
  explicit raw_client(owned_file connection) : connection_(std::move(connection)) {}

  /// As many bytes as are taken now.
  std::size_t offer(const std::string& text) {
    std::size_t sent = 0;
    while (sent < text.size()) {
      const ssize_t count = ::send(connection_.get(), text.data() + sent, text.size() - sent,
                                   MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count <= 0) break;
      sent += static_cast<std::size_t>(count);
    }
    return sent;
  }
  void say(const std::string& text) {
    const auto deadline = steady::now() + time_limit;
    for (std::size_t sent = 0; sent < text.size();) {
      BOOST_REQUIRE(steady::now() < deadline);
      sent += offer(text.substr(sent, 65536));
      pollfd file{connection_.get(), POLLOUT, 0};
      ::poll(&file, 1, 100);
    }
  }
  void request(const json& object) { say(object.dump() + "\n"); }
  void say_no_more() { ::shutdown(connection_.get(), SHUT_WR); }

  /// The next line; none where the connection was closed.
  std::optional<std::string> line() {
    const auto deadline = steady::now() + time_limit;
    std::size_t end = 0;
    while ((end = in_.find('\n', end)) == std::string::npos) {
      end = in_.size();
      pollfd file{connection_.get(), POLLIN, 0};
      ::poll(&file, 1, 100);
      char bytes[65536];
      const ssize_t count = ::recv(connection_.get(), bytes, sizeof bytes, MSG_DONTWAIT);
      if (count > 0) in_.append(bytes, static_cast<std::size_t>(count));
      if (count == 0 || (count < 0 && errno != EAGAIN)) return std::nullopt;
      BOOST_REQUIRE_MESSAGE(steady::now() < deadline, "nothing came");
    }
    std::string out = in_.substr(0, end);
    in_.erase(0, end + 1);
    return out;
  }
  json answer() {
    const auto got = line();
    BOOST_REQUIRE_MESSAGE(got, "the connection was closed");
    return json::parse(*got);
  }
  json ask(const json& object) {
    request(object);
    return answer();
  }
  bool closed() { return !line(); }
  int file() const { return connection_.get(); }

 private:
  owned_file connection_;
  std::string in_;
};

inline const json status_request = {{"request", "status"}};
inline const json stop_request = {{"request", "stop"}};
inline const json events_request = {{"request", "events"}};
inline const json follow_request = {{"request", "events"}, {"follow", true}};

inline void append(const workspace& here, const std::string& text) {
  std::ofstream(here / "events.jsonl", std::ios::app | std::ios::binary) << text;
}

inline std::string event_line(int number) {
  return "{\"time\":" + std::to_string(number) + ",\"event\":\"worker_joined\"}\n";
}

/// Waits for what another thread does.
template <class Condition>
bool comes_true(Condition holds) {
  const auto deadline = steady::now() + time_limit;
  while (!holds()) {
    if (steady::now() > deadline) return false;
    ::poll(nullptr, 0, 5);
  }
  return true;
}

}  // namespace troupe::testing
