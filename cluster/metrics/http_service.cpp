#include "troupe/cluster/metrics/http_service.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "troupe/base/error.hpp"
#include "troupe/cluster/control/signals_blocked.hpp"

namespace troupe {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using clock = std::chrono::steady_clock;
using problem = beast::error_code;

/// Until somebody new is heard where descriptors have run out.
constexpr std::chrono::milliseconds deaf_time{100};
/// For who was told all to hang up, so that it gets all: how long, and how much it may still say.
constexpr std::chrono::milliseconds linger_time{250};
constexpr std::size_t linger_bytes = 262144;

/// Pages may load and ask nothing but what is served here, and nobody may frame them.
constexpr const char* content_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

http_answer complaint(http::status status, const std::string& why) {
  return {static_cast<unsigned>(status), "text/plain; charset=utf-8",
          std::make_shared<const std::string>(why + "\n")};
}

/// What the client did that no request does; none for one that is fine.
std::optional<http_answer> refusal(const http::request_parser<http::empty_body>& request) {
  const auto& header = request.get();
  if (header.method() != http::verb::get) {
    return complaint(http::status::method_not_allowed, "only GET is answered");
  }
  if (request.chunked() || request.content_length().value_or(0) > 0) {
    return complaint(http::status::bad_request, "a request has no body");
  }
  const auto hosts = header.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && header.version() >= 11)) {
    return complaint(http::status::bad_request, "a request names one host");
  }
  return std::nullopt;
}

/// One client.
class session : public std::enable_shared_from_this<session> {
 public:
  /// What all sessions of a service share.
  struct surroundings {
    http_limits limits;
    http_service::handler answer;
    std::vector<std::shared_ptr<session>> all;
    bool ending = false;
  };

  session(tcp::socket socket, surroundings& around)
      : stream_(std::move(socket)), around_(around), buffer_(around.limits.header + 1) {}

  void read() {
    if (around_.ending) return end();
    state_ = state::reading;
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(around_.limits.header));
    // For the whole request, however slowly it comes.
    stream_.expires_after(around_.limits.patience);
    http::async_read_header(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](problem why, std::size_t) { self->take_request(why); });
  }

  /// The service ends: who waits for that is told, who says nothing is not waited for.
  void finish(const http_answer& words) {
    if (state_ == state::waiting) {
      // The answer ends what waits for the client to hang up.
      problem ignored;
      stream_.socket().cancel(ignored);
      write(words, true);
    } else if (state_ == state::reading) {
      end();
    }
  }

  void end() {
    if (std::exchange(state_, state::over) == state::over) return;
    stream_.close();
    auto& all = around_.all;
    all.erase(std::remove(all.begin(), all.end(), shared_from_this()), all.end());
  }

  /// Who waits for the end is quiet by nature.
  std::pair<bool, clock::time_point> quiet() const {
    return {state_ == state::waiting, last_active_};
  }

 private:
  enum class state { reading, waiting, writing, lingering, over };

  void take_request(problem why) {
    if (state_ != state::reading) return;
    last_active_ = clock::now();
    if (why == http::error::header_limit || why == http::error::buffer_overflow) {
      return write(
          complaint(http::status::request_header_fields_too_large,
                    "a request has at most " + std::to_string(around_.limits.header) + " bytes"),
          true);
    }
    if (why && why != http::error::end_of_stream &&
        why.category() == make_error_code(http::error::bad_version).category()) {
      return write(complaint(http::status::bad_request, "this is no HTTP: " + why.message()), true);
    }
    if (why) return end();
    if (auto refused = refusal(*parser_)) return write(std::move(*refused), true);
    http_request request;
    request.target = std::string(parser_->get().target());
    const auto host = parser_->get().find(http::field::host);
    if (host != parser_->get().end()) request.host = std::string(host->value());
    try {
      if (auto answer = around_.answer(request)) {
        return write(std::move(*answer), !parser_->get().keep_alive());
      }
    } catch (const std::exception& e) {
      return write(complaint(http::status::internal_server_error, e.what()), true);
    }
    wait();
  }

  /// Until the end of the service or the client's. Whatever it says meanwhile ends it, too.
  void wait() {
    state_ = state::waiting;
    stream_.expires_never();
    stream_.socket().async_wait(tcp::socket::wait_read, [self = shared_from_this()](problem) {
      if (self->state_ == state::waiting) self->end();
    });
  }

  void write(http_answer answer, bool last) {
    state_ = state::writing;
    body_ = std::move(answer.body);
    response_ = {};
    response_.version(parser_->get().version() >= 11 ? 11 : 10);
    response_.result(answer.status);
    response_.set(http::field::content_type, answer.type);
    response_.set(http::field::cache_control, "no-store");
    response_.set("X-Content-Type-Options", "nosniff");
    response_.set("Content-Security-Policy", content_policy);
    response_.set("Cross-Origin-Resource-Policy", "same-origin");
    response_.set("Referrer-Policy", "no-referrer");
    if (answer.status == 405) response_.set(http::field::allow, "GET");
    response_.body() = {body_->data(), body_->size()};
    response_.content_length(body_->size());
    last = last || around_.ending;
    response_.keep_alive(!last);
    stream_.expires_after(around_.limits.patience);
    http::async_write(stream_, response_,
                      [self = shared_from_this(), last](problem why, std::size_t) {
                        if (self->state_ != state::writing) return;
                        self->last_active_ = clock::now();
                        if (why) return self->end();
                        last ? self->linger() : self->read();
                      });
  }

  /// A connection that is closed while something comes takes back what was sent.
  void linger() {
    if (state_ == state::writing) {
      state_ = state::lingering;
      problem ignored;
      stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
      stream_.expires_after(linger_time);
    }
    stream_.async_read_some(asio::buffer(waste_),
                            [self = shared_from_this()](problem why, std::size_t count) {
                              if (self->state_ != state::lingering) return;
                              self->wasted_ += count;
                              if (why || self->wasted_ > linger_bytes) return self->end();
                              self->linger();
                            });
  }

  beast::tcp_stream stream_;
  surroundings& around_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::empty_body>> parser_;
  http::response<http::span_body<const char>> response_;
  std::shared_ptr<const std::string> body_;
  std::array<char, 4096> waste_{};
  std::size_t wasted_ = 0;
  state state_ = state::reading;
  clock::time_point last_active_ = clock::now();
};

}  // namespace

class http_service::implementation {
 public:
  implementation(descriptor listening, handler answer, http_limits limits)
      : acceptor_(context_), timer_(context_) {
    around_.limits = limits;
    around_.answer = std::move(answer);
    last_words_ = complaint(http::status::service_unavailable, "over");
    const bool six = local_address(listening.get()).bytes.ss_family == AF_INET6;
    problem why;
    acceptor_.assign(six ? tcp::v6() : tcp::v4(), listening.get(), why);
    if (why) throw run_error("", "cannot listen: " + why.message());
    listening.release();
    accept();
    const signals_blocked guard;
    thread_ = std::thread([this] { serve(); });
  }

  ~implementation() {
    asio::post(context_, [this] { finish(); });
    thread_.join();
  }

  void set_last_words(http_answer words) {
    const std::lock_guard<std::mutex> lock(mutex_);
    last_words_ = std::move(words);
  }

 private:
  /// Until nothing is left to do, which is some time after the end.
  void serve() {
    for (;;) {
      try {
        context_.run();
        break;
      } catch (const std::exception&) {  // out of memory, by what somebody asked for
      }
    }
    // Those who did not go in time.
    const auto all = around_.all;
    for (const auto& one : all) one->end();
    context_.restart();
    context_.poll();
  }

  void accept() {
    acceptor_.async_accept([this](problem why, tcp::socket socket) {
      if (around_.ending) return;
      if (why && why != asio::error::connection_aborted) {
        timer_.expires_after(deaf_time);
        timer_.async_wait([this](problem) {
          if (!around_.ending) accept();
        });
        return;
      }
      if (!why) welcome(std::move(socket));
      accept();
    });
  }

  void welcome(tcp::socket socket) {
    // Programs that are started from here inherit nothing.
    ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
    auto& all = around_.all;
    if (all.size() >= around_.limits.connections) {
      const auto quietest =
          *std::min_element(all.begin(), all.end(),
                            [](const auto& a, const auto& b) { return a->quiet() < b->quiet(); });
      quietest->end();
    }
    all.push_back(std::make_shared<session>(std::move(socket), around_));
    all.back()->read();
  }

  void finish() {
    around_.ending = true;
    problem ignored;
    acceptor_.close(ignored);
    timer_.cancel();
    http_answer words;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      words = last_words_;
    }
    const auto all = around_.all;
    for (const auto& one : all) one->finish(words);
    timer_.expires_after(around_.limits.farewell);
    timer_.async_wait([this](problem why) {
      if (!why) context_.stop();
    });
    gone();
  }

  /// Looks whether anybody is left: then there is nothing to wait for.
  void gone() {
    if (around_.all.empty()) {
      timer_.cancel();
      return;
    }
    watch_.expires_after(std::chrono::milliseconds(5));
    watch_.async_wait([this](problem) { gone(); });
  }

  asio::io_context context_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer timer_, watch_{context_};
  session::surroundings around_;
  std::mutex mutex_;
  http_answer last_words_;  // guarded
  std::thread thread_;
};

http_service::http_service(descriptor listening, handler answer, http_limits limits)
    : implementation_(
          std::make_unique<implementation>(std::move(listening), std::move(answer), limits)) {}

http_service::~http_service() = default;

void http_service::set_last_words(http_answer words) {
  implementation_->set_last_words(std::move(words));
}

}  // namespace troupe
