#include "cluster/faults/namespaces.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sched.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "cluster/process.hpp"

namespace troupe::testing {

namespace {

/// Runs a function in a thread of its own, whose network can then change.
void apart(const std::function<void()>& work) {
  std::exception_ptr failed;
  std::thread thread([&] {
    try {
      work();
    } catch (...) {
      failed = std::current_exception();
    }
  });
  thread.join();
  if (failed) std::rethrow_exception(failed);
}

descriptor make_namespace() {
  descriptor made;
  apart([&] {
    if (unshare(CLONE_NEWNET) != 0) {
      throw std::system_error(errno, std::generic_category(), "unshare");
    }
    made = descriptor(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  });
  return made;
}

/// Runs shell commands inside a namespace, until one fails.
outcome run_inside(const descriptor& network, const std::string& commands) {
  process_options options;
  options.program = "/bin/sh";
  options.network = network.get();
  options.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  return process({"-ec", commands}, options).wait();
}

void configure(const descriptor& network, const std::string& commands) {
  const outcome done = run_inside(network, commands);
  if (done.status != 0) throw std::runtime_error(commands + ": " + done.err);
}

}  // namespace

bool namespaces::possible() {
  std::string obstacle = geteuid() == 0 ? "" : "not root";
  try {
    if (obstacle.empty()) namespaces(2);
  } catch (const std::exception& e) {
    obstacle = e.what();
  }
  if (obstacle.empty()) return true;
  std::cout << "skipped " << boost::unit_test::framework::current_test_case().full_name()
            << ": no network namespaces: " << obstacle << std::endl;
  return false;
}

namespaces::namespaces(std::size_t count) : bridge_(make_namespace()) {
  configure(bridge_, "ip link add bridge type bridge && ip link set bridge up");
  for (std::size_t i = 0; i < count; ++i) {
    members_.push_back(make_namespace());
    // `ip` takes a path where it wants a namespace; this one is ours, of the process that asks.
    configure(bridge_,
              fmt::format("ip link add port{0} type veth peer name eth0 netns /proc/{1}/fd/{2}\n"
                          "ip link set port{0} master bridge up",
                          i, getpid(), network(i)));
    configure(members_[i], fmt::format("ip link set lo up\n"
                                       "ip address add {}/24 dev eth0\n"
                                       "ip link set eth0 up",
                                       address(i)));
  }
}

std::string namespaces::address(std::size_t i) const {
  return fmt::format("10.77.0.{}", i + 1);
}

void namespaces::inside(std::size_t i, const std::function<void()>& work) const {
  apart([&] {
    if (setns(network(i), CLONE_NEWNET) != 0) {
      throw std::system_error(errno, std::generic_category(), "setns");
    }
    work();
  });
}

void namespaces::link(std::size_t i, bool up) const {
  configure(bridge_, fmt::format("ip link set port{} {}", i, up ? "up" : "down"));
}

bool namespaces::disturb(std::size_t i, std::chrono::milliseconds delay, double loss) const {
  return run_inside(members_.at(i), fmt::format("tc qdisc replace dev eth0 root netem delay {}ms "
                                                "loss {}%",
                                                delay.count(), loss * 100))
             .status == 0;
}

}  // namespace troupe::testing
