#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe::testing {

/// What somebody says who connects and has no business here.
enum class stranger {
  silent,        ///< nothing at all
  slow,          ///< a TLS greeting, one byte a second
  garbage,       ///< up to 4 KiB of noise, then nothing
  basp_header,   ///< the 40 bytes that end a process with an open CAF port
  client_hello,  ///< a TLS greeting, then nothing
  http_request,
};

const std::vector<stranger>& all_strangers();

struct stranger_count {
  std::size_t came = 0;                  ///< all that tried
  std::size_t connecting = 0;            ///< not let in yet
  std::size_t open = 0;                  ///< connected, and not turned away
  std::size_t refused = 0;               ///< could not connect
  std::size_t turned_away = 0;           ///< the other side ended the connection
  std::chrono::milliseconds longest{0};  ///< from connecting to being turned away

  stranger_count& operator+=(const stranger_count& other);
};

/// Any number of uninvited connections, in one thread.
class strangers {
 public:
  strangers();
  ~strangers();
  strangers(const strangers&) = delete;
  strangers& operator=(const strangers&) = delete;

  /// Opens `count` connections, of each kind in turn. Returns at once; inside a network namespace
  /// they come from there.
  void come(const std::string& address, std::uint16_t port, std::size_t count,
            const std::vector<stranger>& kinds = all_strangers());
  /// Closes all connections.
  void leave();

  std::map<stranger, stranger_count> counts() const;
  /// Of all kinds together.
  stranger_count total() const;
  /// One line for a message.
  std::string report() const;

 private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

}  // namespace troupe::testing
