#pragma once

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "actors/plan_fixture.hpp"
#include "actors/stage.hpp"

namespace troupe::testing {

/// 48 parameters in three slices: two at server 0, one at server 1.
inline std::shared_ptr<run_plan> three_slices(const std::string& consistency) {
  const job of = job_around(
      "{input: [8], layers: [{dense: {units: 6, use_bias: false}}], loss: mean_squared_error}",
      "{protocol: downpour, consistency: " + consistency + "}", "{epochs: 1, batch_size: 1}",
      "{workers: 3, slice: 16}");
  return plan_over(of, numbered_rows(10, {8}, element_type::u8));
}

/// Two servers with those slices, which start from zeros, and messages for them.
class two_servers {
 public:
  explicit two_servers(const std::string& consistency) : plan(three_slices(consistency)) {
    BOOST_TEST_REQUIRE(plan->slice_count() == 3u);
    for (std::uint32_t i = 0; i < 2; ++i) {
      servers.push_back(on.keep(on.system.spawn(parameter_server, plan, i)));
    }
    for (std::uint32_t slice = 0; slice < 3; ++slice) {
      caf::anon_send(at(slice), install(slice, plan->run, 16));
    }
    on.drain();
  }

  const parameter_server_actor& at(std::uint32_t slice) const { return servers[slice / 2]; }

  static install_msg install(std::uint32_t slice, std::uint64_t run, std::size_t count) {
    wire_builder<schema::Install> out;
    out->setRun(run);
    out->setSlice(slice);
    const auto to = out.floats(count, [&](auto&& d) { out->adoptPayload(kj::mv(d)); });
    std::fill(to.begin(), to.end(), 0.0f);
    return std::move(out).finish();
  }

  struct facts {
    std::uint32_t worker = 0, slice = 0;
    std::uint64_t sequence = 1;
    float value = 1;
    std::uint64_t view = 0;
  };
  /// In rounds a worker's clock is its sequence here.
  commit_msg commit(const facts& f, std::uint64_t run = 0) const {
    wire_builder<schema::Commit> out;
    out->setRun(run == 0 ? plan->run : run);
    out->setSlice(f.slice);
    out->setWorker(f.worker);
    out->setIncarnation(1);
    out->setSequence(f.sequence);
    out->setClock(f.sequence);
    out->setView(f.view);
    out->setMiniBatches(1);
    out->setRows(1);
    const auto to = out.floats(16, [&](auto&& d) { out->adoptPayload(kj::mv(d)); });
    std::fill(to.begin(), to.end(), f.value);
    return std::move(out).finish();
  }
  pull_msg pull(std::uint32_t slice, std::uint64_t version, std::uint64_t run = 0,
                std::uint32_t worker = schema::Pull::NOBODY) const {
    wire_builder<schema::Pull> out;
    out->setRun(run == 0 ? plan->run : run);
    out->setSlice(slice);
    out->setWorker(worker);
    out->setVersion(version);
    return std::move(out).finish();
  }
  /// All servers hear it.
  void view(std::uint64_t number, const std::vector<std::uint32_t>& members,
            std::uint64_t run = 0) {
    wire_builder<schema::View> out;
    out->setRun(run == 0 ? plan->run : run);
    out->setNumber(number);
    auto list = out->initMembers(static_cast<unsigned>(members.size()));
    for (unsigned i = 0; i < list.size(); ++i) list[i].setWorker(members[i]);
    const view_msg message = std::move(out).finish();
    for (const auto& server : servers) caf::anon_send(server, message);
    on.drain();
  }
  void introduce() {
    caf::anon_send(servers[0], std::vector<round_listener_actor>(servers.begin(), servers.end()));
    on.drain();
  }

  stage on;
  std::shared_ptr<run_plan> plan;
  std::vector<parameter_server_actor> servers;
};

}  // namespace troupe::testing
