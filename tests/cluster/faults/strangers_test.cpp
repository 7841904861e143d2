#include "cluster/faults/strangers.hpp"

#include "cluster/faults/small_job.hpp"

// The sanitizer keeps what was freed, to notice who still uses it.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TROUPE_KEEPS_FREED_MEMORY
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define TROUPE_KEEPS_FREED_MEMORY
#endif

using namespace troupe::testing;

namespace {

constexpr std::size_t at_each_door = 1000;
constexpr long descriptors = 256;  // of each process
#ifdef TROUPE_KEEPS_FREED_MEMORY
constexpr std::size_t most_growth = 300 << 20;
#else
constexpr std::size_t most_growth = 50 << 20;
#endif

}  // namespace

BOOST_AUTO_TEST_SUITE(a_thousand_strangers)

BOOST_AUTO_TEST_CASE(at_every_port_do_no_harm) {
  world_options options = lasting_run();
  options.tls = true;
  options.open_files = descriptors;
  cluster_world world(options);
  slow_down(world);
  require_training(world);

  const std::vector<process*> all = world.processes();
  std::vector<std::size_t> memory, most_memory, files;
  for (const process* p : all) {
    memory.push_back(resident_bytes(p->id()));
    files.push_back(open_descriptors(p->id()));
  }
  most_memory = memory;
  strangers uninvited;
  for (const process* p : all) {
    const auto doors = listening(p->id());
    BOOST_CHECK_EQUAL(doors.size(), 1u);
    for (const address_and_port& door : doors) {
      uninvited.come("127.0.0.1", door.port, at_each_door);
    }
  }
  const std::uint64_t reports = world.reports();
  const auto watch = [&] {
    for (std::size_t i = 0; i < all.size(); ++i) {
      most_memory[i] = std::max(most_memory[i], resident_bytes(all[i]->id()));
    }
    const stranger_count now = uninvited.total();
    return world.reports() > reports + 40 && now.turned_away > at_each_door;
  };
  BOOST_TEST_REQUIRE(world.until(watch), uninvited.report() << '\n' << world.story());
  for (std::size_t i = 0; i < all.size(); ++i) {
    BOOST_CHECK_LT(most_memory[i], memory[i] + most_growth);
  }
  uninvited.leave();
  const auto given_back = [&] {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (open_descriptors(all[i]->id()) > files[i]) return false;
    }
    return true;
  };
  BOOST_CHECK_MESSAGE(world.until(given_back), world.story());
  BOOST_CHECK_MESSAGE(world.events("worker_lost").empty(), world.story());
  speed_up(world);
  check_complete(world, world.finish());
}

BOOST_AUTO_TEST_SUITE_END()
