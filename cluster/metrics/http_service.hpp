#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "troupe/cluster/transport/sockets.hpp"

namespace troupe {

/// What is asked for with GET.
struct http_request {
  std::string target;               ///< "/status", with what stands behind the path
  std::optional<std::string> host;  ///< the header; none in a request of HTTP/1.0 without
};

struct http_answer {
  unsigned status = 200;
  std::string type;                         ///< of the content: "text/plain; charset=utf-8"
  std::shared_ptr<const std::string> body;  ///< shared by all who are told the same
};

/// What clients may cost, whoever they are.
struct http_limits {
  /// With as many here, a new one takes the place of that which has been quiet for longest.
  std::size_t connections = 64;
  std::size_t header = 8192;  ///< bytes of a request
  /// To say a whole request, to take a whole answer.
  std::chrono::milliseconds patience{10000};
  /// At the end: for clients to take what they are still to be told.
  std::chrono::milliseconds farewell{1000};
};

/// Answers HTTP requests on a socket that listens, from one thread of its own: GET without a body,
/// everything else is refused. Clients that are silent, slow or talk nonsense cost a bounded amount
/// of memory and no time but each other's.
class http_service {
 public:
  /// Called by the thread of the service; may take as long as other clients can wait. Without an
  /// answer the client is told the last words when the service ends.
  using handler = std::function<std::optional<http_answer>(const http_request&)>;

  /// \throws error (run) where the socket cannot be served.
  http_service(descriptor listening, handler answer, http_limits limits = {});
  /// Tells who waits the last words, and hangs up.
  ~http_service();
  http_service(const http_service&) = delete;
  http_service& operator=(const http_service&) = delete;

  /// Any thread, before the end.
  void set_last_words(http_answer words);

 private:
  class implementation;
  std::unique_ptr<implementation> implementation_;
};

}  // namespace troupe
