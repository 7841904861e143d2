// Nodes that are killed, stopped and cut off at random moments: no run hangs, and none loses a row.

#include <csignal>
#include <set>

#include "cluster/faults/small_job.hpp"
#include "troupe/base/random.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

/// What happens to a cluster, one thing after the other.
class schedule {
 public:
  schedule(cluster_world& world, std::uint64_t seed)
      : world_(world), draws_(seed, random_purpose::test) {}

  void next() {
    wait(1000);
    const std::size_t victim = draw(world_.nodes());
    if (killed_.count(victim) > 0) return;
    switch (draw(3)) {
      case 0:
        return kill(victim);
      case 1:
        story_ += " stop " + std::to_string(victim);
        world_.node(victim).signal(SIGSTOP);
        wait(3500);
        world_.node(victim).signal(SIGCONT);
        return;
      default:
        story_ += " cut off " + std::to_string(victim);
        cut_off(victim, true);
        wait(3500);
        cut_off(victim, false);
        return;
    }
  }

  std::vector<std::size_t> killed() const { return {killed_.begin(), killed_.end()}; }
  const std::string& story() const { return story_; }

 private:
  std::uint64_t draw(std::uint64_t below) { return draws_.below(drawn_++, below); }
  void wait(std::uint64_t most_milliseconds) {
    let_pass(world_, std::chrono::milliseconds(draw(most_milliseconds)));
  }

  void kill(std::size_t victim) {
    const bool works = victim >= 2;  // of `kept_run`: two servers, then workers
    if (works && ++workers_killed_ > 2) return;
    story_ += " kill " + std::to_string(victim);
    world_.node(victim).signal(SIGKILL);
    killed_.insert(victim);
  }

  void cut_off(std::size_t victim, bool off) {
    world_.to_node(victim).partition(off);
    world_.to_launcher(victim).partition(off);
  }

  cluster_world& world_;
  random_stream draws_;
  std::uint64_t drawn_ = 0, workers_killed_ = 0;
  std::set<std::size_t> killed_;
  std::string story_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(random_schedules)

BOOST_AUTO_TEST_CASE(end_with_every_row_trained) {
  const char* const protocols[] = {"downpour", "aeasgd", "sync_sgd"};
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    world_options options = kept_run(protocols[seed % 3]);
    if (seed % 2 == 0) options.cluster["replicas"] = "1";
    cluster_world world(options);
    slow_down(world);
    require_training(world);
    schedule play(world, seed);
    for (int i = 0; i < 3; ++i) play.next();
    BOOST_TEST_CONTEXT("seed " << seed << " " << protocols[seed % 3] << ":" << play.story()) {
      require_all_here(world, play.killed());
      speed_up(world);
      check_complete(world, world.finish(), play.killed());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
