#include "troupe/cluster/control/control_client.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>
#include <vector>

#include "troupe/base/error.hpp"
#include "troupe/cluster/control/run_socket.hpp"

namespace troupe {

namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;
using clock = std::chrono::steady_clock;

bool has(const std::string& folder, const char* file) {
  std::error_code ignored;
  return fs::exists(fs::path(folder) / file, ignored);
}

/// How a run ended, from its summary.json.
std::string ending_of(const std::string& folder) {
  std::ifstream file(fs::path(folder) / "summary.json");
  const json summary = json::parse(file, nullptr, false);
  if (!summary.is_object()) return "the run is over";
  try {
    std::string text =
        fmt::format("the run is over: stopped by {} after {} rows in {:.1f} s",
                    summary.value("stopped_by", "?"),
                    summary.value("rows_trained", std::uint64_t{0}), summary.value("seconds", 0.0));
    for (const char* key : {"test_loss", "test_accuracy"}) {
      const auto found = summary.find(key);
      if (found == summary.end() || !found->is_number()) continue;
      text += fmt::format(", {} {:.4f}", key, found->get<double>());
    }
    const auto why = summary.find("failure");
    return why == summary.end() ? text : text + " (" + why->get<std::string>() + ")";
  } catch (const json::exception&) {  // a summary of somebody else's
    return "the run is over";
  }
}

/// Why nobody answers in a folder.
error nobody_in(const std::string& folder, run_life life) {
  std::error_code ignored;
  if (life == run_life::forbidden) return run_error(folder, "the run belongs to another user");
  if (!fs::is_directory(folder, ignored)) return job_error(folder, "there is no such folder");
  if (has(folder, "summary.json")) return run_error(folder, ending_of(folder));
  if (life == run_life::dead) {
    return run_error(folder, "the run's process is gone: it was killed, or the machine went down");
  }
  if (has(folder, "job.yaml")) {
    return run_error(folder, "nobody answers: the run has only begun, or its process is gone");
  }
  return job_error(folder, "the folder holds no run");
}

class socket_client final : public control_client {
 public:
  socket_client(std::string folder, owned_file connection, std::chrono::milliseconds patience)
      : folder_(std::move(folder)), connection_(std::move(connection)), patience_(patience) {}

  json ask(const nlohmann::json& request) override {
    send(request);
    const auto answer = line(patience_);
    // Between the last window and the end nobody is asked any more.
    if (!answer) throw run_error(folder_, "the run has just ended");
    json object = json::parse(*answer, nullptr, false);
    refuse_complaint(object);
    return object;
  }

  void events(bool follow, const std::function<void(const std::string&)>& each) override {
    send({{"request", "events"}, {"follow", follow}});
    take_events(follow ? std::nullopt : std::optional(patience_), each);
  }

  std::uint64_t events_after(std::uint64_t byte,
                             const std::function<void(const std::string&)>& each) override {
    send({{"request", "events"}, {"after", byte}});
    return take_events(patience_, each);
  }

 private:
  /// \returns the "next" behind them.
  std::uint64_t take_events(std::optional<std::chrono::milliseconds> limit,
                            const std::function<void(const std::string&)>& each) {
    for (;;) {
      const auto next = line(limit);
      if (!next) throw run_error(folder_, "the run's process has died");
      const json object = json::parse(*next, nullptr, false);
      const bool answer = object.is_object() && !object.contains("event");
      if (answer && object.contains("next")) return object.value("next", std::uint64_t{0});
      if (answer) refuse_complaint(object);
      each(*next);
    }
  }

  void refuse_complaint(const json& answer) const {
    if (!answer.is_object()) throw run_error(folder_, "the run's answer makes no sense");
    const auto why = answer.find("error");
    if (why != answer.end()) throw run_error(folder_, why->get<std::string>());
  }

  void send(const nlohmann::json& request) {
    const std::string text = request.dump() + "\n";
    // It fits what the system keeps for a new connection.
    const ssize_t sent = ::send(connection_.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(text.size())) {
      throw run_error(folder_, "the run has just ended");
    }
  }

  /// The next line; none where the connection is closed. \throws error (run) where nothing comes
  /// for so long.
  std::optional<std::string> line(std::optional<std::chrono::milliseconds> limit) {
    const auto deadline = clock::now() + limit.value_or(std::chrono::milliseconds(0));
    std::size_t searched = 0;
    for (;;) {
      if (const auto end = in_.find('\n', searched); end != std::string::npos) {
        std::string out = in_.substr(0, end);
        in_.erase(0, end + 1);
        return out;
      }
      searched = in_.size();
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now());
      pollfd file{connection_.get(), POLLIN, 0};
      const int wait = limit ? static_cast<int>(std::max<long>(left.count(), 0)) : -1;
      if (::poll(&file, 1, wait) == 0) {
        throw run_error(folder_, fmt::format("the run does not answer within {} s",
                                             std::chrono::duration<double>(*limit).count()));
      }
      in_.resize(searched + 65536);
      const ssize_t count = ::recv(connection_.get(), in_.data() + searched, 65536, MSG_DONTWAIT);
      in_.resize(searched + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
      const bool again = count < 0 && (errno == EAGAIN || errno == EINTR);
      if (count <= 0 && !again) return std::nullopt;
    }
  }

  const std::string folder_;
  owned_file connection_;
  const std::chrono::milliseconds patience_;
  std::string in_;
};

}  // namespace

std::unique_ptr<control_client> connect_to_folder(const std::string& folder,
                                                  std::chrono::milliseconds patience) {
  auto [connection, life] = connect_to_run(folder);
  if (life != run_life::living) throw nobody_in(folder, life);
  return std::make_unique<socket_client>(folder, std::move(connection), patience);
}

std::string newest_living_run(const std::string& below) {
  std::vector<std::pair<fs::file_time_type, std::string>> found;
  std::error_code ignored;
  const auto look = [&](const fs::path& folder) {
    if (!fs::is_socket(folder / "control", ignored)) return;
    found.emplace_back(fs::last_write_time(folder / "control", ignored), folder.string());
  };
  for (const fs::directory_entry& run : fs::directory_iterator(below, ignored)) {
    look(run.path());
    for (const fs::directory_entry& part : fs::directory_iterator(run.path(), ignored)) {
      if (part.is_directory(ignored)) look(part.path());  // of a comparison
    }
  }
  std::sort(found.rbegin(), found.rend());
  for (const auto& [time, folder] : found) {
    if (connect_to_run(folder).second == run_life::living) return folder;
  }
  throw run_error(below, "no run is under way below this folder; --run DIR names another");
}

}  // namespace troupe
