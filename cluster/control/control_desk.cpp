#include "troupe/cluster/control/control_desk.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <map>
#include <vector>

#include "troupe/base/settings.hpp"

namespace troupe {

namespace {

using json = nlohmann::json;
using ordered_json = nlohmann::ordered_json;

/// Who asks more often is told the same again.
constexpr std::chrono::milliseconds status_period{50};
/// Bytes of events that are read at a time; a line may be longer.
constexpr std::size_t chunk = std::size_t{1} << 18;
/// Bytes after which an answer that is one message ends.
constexpr std::size_t largest_answer = std::size_t{1} << 20;

/// Requests may hold bytes that are no UTF-8, and an answer may quote them.
std::string line_of(const ordered_json& object) {
  return object.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

control_desk::reply one_line(const ordered_json& object) {
  return {line_of(object), {}};
}

control_desk::reply complaint(const std::string& why) {
  return one_line({{"error", why}});
}

class events_reader {
 public:
  explicit events_reader(const std::string& path)
      : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~events_reader() {
    if (file_ >= 0) ::close(file_);
  }
  events_reader(const events_reader&) = delete;
  events_reader& operator=(const events_reader&) = delete;

  std::uint64_t size() const {
    struct stat facts {};
    return file_ >= 0 && ::fstat(file_, &facts) == 0 ? static_cast<std::uint64_t>(facts.st_size)
                                                     : 0;
  }

  /// Whole lines from `first` on, within [first, last); a line that is still being written is left
  /// for later.
  std::string lines(std::uint64_t first, std::uint64_t last) const {
    std::string text;
    while (first + text.size() < last) {
      const std::size_t held = text.size();
      text.resize(held +
                  static_cast<std::size_t>(std::min<std::uint64_t>(chunk, last - first - held)));
      const ssize_t count =
          ::pread(file_, text.data() + held, text.size() - held, static_cast<off_t>(first + held));
      text.resize(held + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
      if (const auto end = text.rfind('\n'); end != std::string::npos) {
        text.resize(end + 1);
        return text;
      }
      if (count <= 0) break;
    }
    return {};
  }

 private:
  int file_;
};

}  // namespace

control_desk::control_desk(sources of) : sources_(std::move(of)) {}

control_desk::reply control_desk::take(const std::string& request) {
  using handler = reply (control_desk::*)(const json&);
  static const std::map<std::string, handler> handlers = {
      {"events", &control_desk::events}, {"status", &control_desk::status},
      {"stop", &control_desk::stop},     {"checkpoint", &control_desk::keep},
      {"pause", &control_desk::pause},   {"resume", &control_desk::resume},
  };
  const json asked = json::parse(request, nullptr, false);
  if (!asked.is_object()) return complaint("a request is one JSON object on one line");
  const auto name = asked.find("request");
  if (name == asked.end() || !name->is_string()) {
    return complaint("a request names what it wants: {\"request\": \"status\"}");
  }
  const auto found = handlers.find(name->get<std::string>());
  if (found == handlers.end()) {
    std::vector<std::string> known;
    for (const auto& [word, handle] : handlers) known.push_back(word);
    return complaint(unknown_word("request", name->get<std::string>(), known));
  }
  try {
    return (this->*found->second)(asked);
  } catch (const std::exception& e) {
    return complaint(e.what());
  }
}

control_desk::reply control_desk::status(const json&) {
  // Held while the source answers: who asks meanwhile gets that answer, too.
  const std::lock_guard<std::mutex> lock(mutex_);
  if (status_.empty() || std::chrono::steady_clock::now() - status_time_ > status_period) {
    try {
      status_ = line_of(sources_.status());
    } catch (const std::exception& e) {
      status_ = line_of({{"error", e.what()}});
    }
    status_time_ = std::chrono::steady_clock::now();
  }
  return {status_, {}};
}

control_desk::reply control_desk::keep(const json&) {
  sources_.checkpoint();
  return one_line({{"checkpointing", true}});
}

control_desk::reply control_desk::pause(const json&) {
  return one_line({{"paused", sources_.pause(true)}});
}

control_desk::reply control_desk::resume(const json&) {
  return one_line({{"paused", sources_.pause(false)}});
}

control_desk::reply control_desk::stop(const json&) {
  sources_.stop();
  return one_line({{"stopping", true}});
}

control_desk::reply control_desk::events(const json& request) {
  const auto after = request.find("after"), follow = request.find("follow");
  if (after != request.end() && !after->is_number_unsigned()) {
    return complaint("'after' is a number of bytes: the \"next\" of an earlier answer");
  }
  if (follow != request.end() && !follow->is_boolean()) {
    return complaint("'follow' is true or false");
  }
  stream from;
  if (after != request.end()) from.position = after->get<std::uint64_t>();
  reply out{{}, from};
  if (follow == request.end() || !follow->get<bool>()) end(out.more);
  return out;
}

std::string control_desk::continued(std::optional<stream>& of) const {
  if (!of) return {};
  const events_reader file(sources_.events_file);
  const std::uint64_t end = of->end.value_or(file.size());
  std::string lines = file.lines(of->position, end);
  of->position += lines.size();
  if (!of->end || (!lines.empty() && of->position < end)) return lines;
  lines += line_of({{"next", of->position}});
  of.reset();
  return lines;
}

void control_desk::end(std::optional<stream>& of) const {
  if (of && !of->end) of->end = events_reader(sources_.events_file).size();
}

std::string control_desk::answer(const std::string& request) {
  reply whole = take(request);
  end(whole.more);
  while (whole.more) {
    if (whole.lines.size() >= largest_answer) whole.more->end = whole.more->position;
    whole.lines += continued(whole.more);
  }
  return std::move(whole.lines);
}

}  // namespace troupe
