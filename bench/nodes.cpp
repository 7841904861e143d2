#include "nodes.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "troupe/actors/center_puller.hpp"
#include "troupe/base/error.hpp"
#include "troupe/cluster/nodes/configure_cluster.hpp"
#include "troupe/cluster/transport/transport.hpp"

namespace troupe::bench {

namespace {

transport_options options_of(const std::string& name, const std::string& bundle) {
  transport_options options;
  if (name != "tcp") options.tls = from_bundle(bundle);
  options.shared_memory = name == "shared";
  return options;
}

/// Told port and credentials, it says what it found.
[[noreturn]] void be_peer(const std::string& name, std::uint32_t number, const node_work& work,
                          int in, int out) {
  std::uint16_t port = 0;
  std::uint32_t length = 0;
  std::memcpy(&port, read_text(in, sizeof port).data(), sizeof port);
  std::memcpy(&length, read_text(in, sizeof length).data(), sizeof length);
  const std::string bundle = read_text(in, length);
  double found = 0;
  {
    caf::actor_system_config config;
    configure_cluster(config, 10);
    caf::actor_system system(config);
    transport links(system, options_of(name, bundle));
    caf::actor offered;
    caf::scoped_actor self(system);
    self->request(links.dialler(), answer_timeout, caf::connect_atom::value,
                  std::string("127.0.0.1"), port)
        .receive([&](const caf::node_id&, const caf::strong_actor_ptr& peer,
                     const std::set<std::string>&) { offered = caf::actor_cast<caf::actor>(peer); },
                 [&](const caf::error& e) {
                   std::fprintf(stderr, "bench: %s\n", system.render(e).c_str());
                   std::_Exit(1);
                 });
    found = work.ask(system, offered, number);
  }
  write_bytes(out, &found, sizeof found);
  std::_Exit(0);
}

}  // namespace

std::string read_text(int from, std::size_t bytes) {
  std::string text(bytes, '\0');
  std::size_t got = 0;
  while (got < bytes) {
    const ssize_t n = ::read(from, text.data() + got, bytes - got);
    if (n <= 0) std::_Exit(1);
    got += static_cast<std::size_t>(n);
  }
  return text;
}

void write_bytes(int to, const void* bytes, std::size_t count) {
  const auto* at = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t n = ::write(to, at, count);
    if (n <= 0) std::_Exit(1);
    at += n;
    count -= static_cast<std::size_t>(n);
  }
}

std::vector<double> over_nodes(const std::string& name, std::uint32_t count,
                               const node_work& work) {
  struct child {
    pid_t process;
    int to, from;
  };
  std::vector<child> children;
  for (std::uint32_t number = 0; number < count; ++number) {
    int down[2], up[2];
    if (::pipe(down) != 0 || ::pipe(up) != 0) throw run_error("pipe", std::strerror(errno));
    const pid_t process = ::fork();
    if (process == 0) be_peer(name, number, work, down[0], up[1]);
    children.push_back({process, down[1], up[0]});
    ::close(down[0]);
    ::close(up[1]);
  }
  certificate_authority authority("bench");
  const std::string bundle = to_bundle(authority.issue("node", {"127.0.0.1"}));
  caf::actor_system_config config;
  configure_cluster(config, 10);
  caf::actor_system system(config);
  std::vector<double> found;
  {
    transport links(system, options_of(name, bundle));
    const caf::actor offered = work.offer(system);
    const std::uint16_t port = links.listen("127.0.0.1", 0, offered, work.signatures(system));
    const auto length = static_cast<std::uint32_t>(bundle.size());
    for (const child& c : children) {
      write_bytes(c.to, &port, sizeof port);
      write_bytes(c.to, &length, sizeof length);
      write_bytes(c.to, bundle.data(), length);
    }
    for (const child& c : children) {
      double one = 0;
      std::memcpy(&one, read_text(c.from, sizeof one).data(), sizeof one);
      found.push_back(one);
      ::waitpid(c.process, nullptr, 0);
      ::close(c.to);
      ::close(c.from);
    }
    caf::anon_send_exit(offered, caf::exit_reason::user_shutdown);
  }
  return found;
}

}  // namespace troupe::bench
