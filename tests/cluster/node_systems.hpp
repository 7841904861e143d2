#pragma once

#include <boost/test/unit_test.hpp>
#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "troupe/actors/cast.hpp"
#include "troupe/actors/configure.hpp"
#include "troupe/cluster/transport/transport.hpp"

namespace troupe::testing {

/// Answers a fetch with as many bytes as it asks for positions.
using echo_atom = caf::atom_constant<caf::atom("echo")>;
using echo_actor = caf::typed_actor<caf::replies_to<echo_atom, fetch_msg>::with<rows_msg>>;

}  // namespace troupe::testing

CAF_BEGIN_TYPE_ID_BLOCK(transport_test, caf::id_block::troupe::end)
CAF_ADD_TYPE_ID(transport_test, (troupe::testing::echo_actor))
CAF_ADD_TYPE_ID(transport_test, (std::vector<troupe::testing::echo_actor>))
CAF_END_TYPE_ID_BLOCK(transport_test)

namespace troupe::testing {

/// A value that another thread will set, waited for within the test's patience.
template <class T>
class soon {
 public:
  void set(T value) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      value_ = std::move(value);
    }
    changed_.notify_all();
  }
  void forget() {
    const std::lock_guard<std::mutex> lock(mutex_);
    value_.reset();
  }
  T get(std::chrono::seconds patience = std::chrono::seconds(20)) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!changed_.wait_for(lock, patience, [this] { return value_.has_value(); })) {
      throw std::runtime_error("it did not happen in time");
    }
    return *value_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<T> value_;
};

/// Waits for a condition that no one announces. \returns whether it came true in time.
inline bool comes_true(const std::function<bool()>& condition,
                       std::chrono::seconds patience = std::chrono::seconds(20)) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

/// Lines that a transport logged.
class lines {
 public:
  std::function<void(const std::string&)> taker() {
    return [this](const std::string& line) {
      const std::lock_guard<std::mutex> lock(mutex_);
      all_.push_back(line);
    };
  }
  bool has(const std::string& part) const { return count(part) > 0; }
  std::size_t count(const std::string& part) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::size_t n = 0;
    for (const std::string& line : all_) n += line.find(part) != std::string::npos ? 1 : 0;
    return n;
  }
  std::string text() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::string all;
    for (const std::string& line : all_) all += line + "\n";
    return all;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> all_;
};

struct node_config : caf::actor_system_config {
  explicit node_config(double dead_after) {
    configure_node(*this, dead_after);
    add_message_types<caf::id_block::transport_test>();
    set("scheduler.max-threads", std::size_t{2});
  }
};

/// A node of a cluster in this process: a system of its own, with its transport.
class node_system {
 public:
  explicit node_system(transport_options options, double dead_after = 10)
      : config_(dead_after), system_(config_) {
    options.log = log.taker();
    transport_ = std::make_unique<transport>(system_, std::move(options));
  }
  ~node_system() {
    for (const auto& one : kept_) caf::anon_send_exit(one, caf::exit_reason::kill);
    kept_.clear();
  }
  node_system(const node_system&) = delete;
  node_system& operator=(const node_system&) = delete;

  caf::actor_system& system() { return system_; }
  transport& links() { return *transport_; }
  void close_transport() { transport_.reset(); }

  /// Ended with the node.
  template <class Handle>
  Handle keep(Handle handle) {
    kept_.push_back(caf::actor_cast<caf::actor>(handle));
    return handle;
  }

  struct answer {
    caf::node_id node;
    caf::actor published;
    std::string problem;
  };
  answer dial(std::uint16_t port, const std::string& host = "127.0.0.1") {
    answer got;
    caf::scoped_actor self(system_);
    self->request(links().dialler(), std::chrono::seconds(30), caf::connect_atom::value, host, port)
        .receive(
            [&](const caf::node_id& node, const caf::strong_actor_ptr& published,
                const std::set<std::string>&) {
              got.node = node;
              got.published = caf::actor_cast<caf::actor>(published);
            },
            [&](const caf::error& e) { got.problem = text_of(e, config_); });
    return got;
  }

  lines log;

 private:
  node_config config_;
  caf::actor_system system_;
  std::unique_ptr<transport> transport_;
  std::vector<caf::actor> kept_;
};

inline fetch_msg fetch_of(std::uint64_t first, std::uint64_t last) {
  wire_builder<schema::Fetch> fetch;
  fetch->setFirst(first);
  fetch->setLast(last);
  return std::move(fetch).finish();
}

inline echo_actor spawn_echo(node_system& at) {
  const auto echo = [](caf::unit_t) -> echo_actor::behavior_type {
    return {[](echo_atom, const fetch_msg& fetch) {
      wire_builder<schema::Rows> rows;
      rows->setFirst((*fetch).getFirst());
      rows->setLast((*fetch).getLast());
      rows->initFeatures(static_cast<unsigned>((*fetch).getLast() - (*fetch).getFirst()));
      return std::move(rows).finish();
    }};
  };
  // With an argument: CAF would refer to those there are none of.
  return at.keep(at.system().spawn(echo, caf::unit));
}

/// How many bytes an echo answered with; -1 where it did not.
inline int fetched(node_system& from, const echo_actor& echo, std::uint64_t bytes) {
  int size = -1;
  caf::scoped_actor self(from.system());
  self->request(echo, std::chrono::seconds(20), echo_atom::value, fetch_of(5, 5 + bytes))
      .receive([&](const rows_msg& rows) { size = static_cast<int>((*rows).getFeatures().size()); },
               [&](const caf::error& e) { BOOST_TEST_MESSAGE(from.system().render(e)); });
  return size;
}

/// Whether an actor is reported lost within so long.
inline bool is_lost_within(node_system& at, const echo_actor& whom,
                           std::chrono::milliseconds patience) {
  caf::scoped_actor self(at.system());
  self->monitor(whom);
  bool told = false;
  self->receive([&](const caf::down_msg&) { told = true; }, caf::after(patience) >> [] {});
  return told;
}

inline transport_options plain_options() {
  return {};
}

/// All bytes go over the connection, although both nodes are on this machine.
inline transport_options unshared(transport_options options) {
  options.shared_memory = false;
  return options;
}

/// Options of a node whose certificate this authority signs.
inline transport_options tls_options(certificate_authority& authority, int days = 1) {
  transport_options options;
  options.tls = authority.issue("node", {"127.0.0.1"}, days);
  return options;
}

}  // namespace troupe::testing
