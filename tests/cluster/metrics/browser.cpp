#include "cluster/metrics/browser.hpp"

#include <signal.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/core/detail/base64.hpp>
#include <boost/beast/websocket.hpp>
#include <chrono>
#include <stdexcept>

#include "cluster/metrics/http_client.hpp"

namespace troupe::testing {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using json = nlohmann::json;

constexpr std::chrono::seconds patience{60};

std::vector<std::string> arguments_in(const workspace& here) {
  return {"--headless",
          "--no-sandbox",
          "--disable-gpu",
          "--disable-dev-shm-usage",
          "--disable-extensions",
          "--hide-scrollbars",
          "--remote-debugging-port=0",
          "--user-data-dir=" + (here / "browser"),
          "about:blank"};
}

/// Of its own: nothing of the user's, and nothing that stays.
process_options options_in(const workspace& here) {
  process_options options;
  options.program = browser::program();
  options.environment = {"HOME=" + here.path(), "XDG_RUNTIME_DIR=" + here.path()};
  return options;
}

}  // namespace

/// Messages over a web socket, one at a time.
class browser::connection {
 public:
  connection(std::uint16_t port, const std::string& path) : stream_(context_) {
    const asio::ip::tcp::endpoint at(asio::ip::address_v4::loopback(), port);
    run([&](auto done) { stream_.next_layer().async_connect(at, std::move(done)); });
    stream_.next_layer().expires_never();
    stream_.read_message_max(std::size_t{64} << 20);
    run([&](auto done) { stream_.async_handshake("127.0.0.1", path, std::move(done)); });
  }
  void send(const std::string& text) {
    run([&](auto done) {
      stream_.async_write(asio::buffer(text),
                          [done](beast::error_code why, std::size_t) mutable { done(why); });
    });
  }
  std::string receive() {
    beast::flat_buffer buffer;
    run([&](auto done) {
      stream_.async_read(buffer, [done](beast::error_code why, std::size_t) mutable { done(why); });
    });
    return beast::buffers_to_string(buffer.data());
  }

 private:
  /// Starts something and waits until it is done. \throws std::runtime_error.
  template <class Start>
  void run(Start start) {
    bool over = false;
    beast::error_code problem;
    start([&](beast::error_code why) {
      over = true;
      problem = why;
    });
    context_.restart();
    context_.run_for(patience);
    if (!over) throw std::runtime_error("the browser says nothing");
    if (problem) throw std::runtime_error("the browser: " + problem.message());
  }

  asio::io_context context_;
  beast::websocket::stream<beast::tcp_stream> stream_;
};

std::string browser::program() {
  for (const char* path : {"/usr/bin/chromium", "/usr/bin/chromium-browser"}) {
    if (std::filesystem::exists(path)) return path;
  }
  return "";
}

browser::browser(const workspace& here) : running_(arguments_in(here), options_in(here)) {
  const std::string mark = "DevTools listening on ws://127.0.0.1:";
  if (!running_.wait_for(mark) || !running_.wait_for("/devtools/browser/")) {
    throw std::runtime_error("no browser: " + running_.so_far().err);
  }
  const std::string& said = running_.so_far().err;
  const auto port =
      static_cast<std::uint16_t>(std::stoi(said.substr(said.find(mark) + mark.size())));
  std::string path;
  const bool found = becomes_true([&] {
    for (const json& one : json::parse(http_get(port, "/json/list").body, nullptr, false)) {
      if (!one.is_object() || one.value("type", "") != "page") continue;
      const std::string url = one.value("webSocketDebuggerUrl", "");
      path = url.substr(url.find("/devtools"));
    }
    return !path.empty();
  });
  if (!found) throw std::runtime_error("the browser has no page");
  page_ = std::make_unique<connection>(port, path);
  for (const char* domain : {"Page", "Runtime", "Log"}) {
    say(std::string(domain) + ".enable", json::object());
  }
}

browser::~browser() {
  running_.signal(SIGTERM);
}

json browser::say(const std::string& method, const json& parameters) {
  const int number = ++number_;
  page_->send(json{{"id", number}, {"method", method}, {"params", parameters}}.dump());
  for (;;) {
    const json came = json::parse(page_->receive());
    const std::string event = came.value("method", "");
    if (event == "Runtime.exceptionThrown") complaints_ += came.dump() + "\n";
    // What the network refuses is logged, too: the page tells of that itself.
    if (event == "Log.entryAdded" && came["params"]["entry"].value("source", "") != "network") {
      complaints_ += came.dump() + "\n";
    }
    if (came.value("id", 0) != number) continue;
    if (came.contains("error")) throw std::runtime_error(method + ": " + came.dump());
    return came["result"];
  }
}

void browser::open(const std::string& url, bool dark, int width, int height) {
  say("Emulation.setEmulatedMedia",
      {{"features", {{{"name", "prefers-color-scheme"}, {"value", dark ? "dark" : "light"}}}}});
  say("Emulation.setDeviceMetricsOverride",
      {{"width", width}, {"height", height}, {"deviceScaleFactor", 1}, {"mobile", false}});
  say("Page.navigate", {{"url", url}});
}

std::string browser::value_of(const std::string& expression) {
  const json got = say("Runtime.evaluate", {{"expression", "String(" + expression + ")"}});
  return got["result"].value("value", "");
}

bool browser::wait_for(const std::string& condition) {
  return becomes_true([&] { return value_of(condition) == "true"; });
}

std::string browser::picture() {
  const std::string text = say("Page.captureScreenshot", {{"format", "png"}})["data"];
  namespace base64 = beast::detail::base64;
  std::string bytes(base64::decoded_size(text.size()), '\0');
  bytes.resize(base64::decode(&bytes[0], text.data(), text.size()).first);
  return bytes;
}

std::string browser::complaints() {
  value_of("0");  // what was said before comes before this
  return complaints_;
}

}  // namespace troupe::testing
