#include "troupe/cluster/nodes/invitation.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "troupe/base/checksum.hpp"
#include "troupe/config/check.hpp"
#include "troupe/config/reader.hpp"
#include "troupe/config/variant.hpp"

namespace troupe {

invite_msg make_invitation(const run_plan& plan, const data_facts& facts,
                           const parts_of_node& parts) {
  wire_builder<schema::Invite> out;
  out->setRun(plan.run);
  job sent = plan.of;
  // The node may stand in another folder.
  sent.data.directory = std::filesystem::absolute(sent.data.directory).lexically_normal().string();
  out->setJob(to_yaml(sent));
  sectioned_file sections;
  facts.transforms.save(sections);
  const auto names = sections.names();
  auto list = out->initTransforms(static_cast<unsigned>(names.size()));
  for (unsigned i = 0; i < list.size(); ++i) {
    const auto bytes = sections.get(names[i]);
    list[i].setName(names[i]);
    list[i].setBytes({reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size()});
  }
  out->setLabelWidth(static_cast<std::uint32_t>(facts.label_width));
  out->setRows(facts.rows);
  out->setHasValidation(facts.has_validation);
  out->setHasTest(facts.has_test);
  auto servers = out->initServers(static_cast<unsigned>(parts.servers.size()));
  for (unsigned i = 0; i < servers.size(); ++i) servers.set(i, parts.servers[i]);
  auto shards = out->initShards(static_cast<unsigned>(parts.shards.size()));
  for (unsigned i = 0; i < shards.size(); ++i) {
    shards[i].setNumber(parts.shards[i].number);
    shards[i].setFirst(parts.shards[i].rows.first);
    shards[i].setLast(parts.shards[i].rows.last);
    shards[i].setChecksum(parts.shards[i].checksum);
  }
  auto workers = out->initWorkers(static_cast<unsigned>(parts.workers.size()));
  for (unsigned i = 0; i < workers.size(); ++i) {
    workers[i].setNumber(parts.workers[i].number);
    workers[i].setIncarnation(parts.workers[i].incarnation);
  }
  auto peers = out->initPeers(static_cast<unsigned>(parts.peers.size()));
  for (unsigned i = 0; i < peers.size(); ++i) {
    peers[i].setNode(parts.peers[i].node);
    peers[i].setHost(parts.peers[i].host);
    peers[i].setPort(parts.peers[i].port);
  }
  return std::move(out).finish();
}

parts_of_node read_parts(const schema::Invite::Reader& message, const run_plan& plan) {
  const actors_spec& count = plan.of.actors;
  const auto check = [](std::uint32_t number, std::uint32_t most, const char* what) {
    if (number < most) return;
    throw run_error("invitation", fmt::format("there is no {} {}", what, number));
  };
  parts_of_node parts;
  for (const std::uint32_t server : message.getServers()) {
    check(server, plan.most_servers(), "parameter server");
    parts.servers.push_back(server);
  }
  for (const auto shard : message.getShards()) {
    check(shard.getNumber(), count.data_shards, "data shard");
    const position_range rows{shard.getFirst(), shard.getLast()};
    if (rows.first > rows.last || rows.last > plan.rows_per_epoch) {
      throw run_error("invitation", "a data shard's rows are not of this run");
    }
    parts.shards.push_back({shard.getNumber(), rows, shard.getChecksum()});
  }
  for (const auto worker : message.getWorkers()) {
    check(worker.getNumber(), plan.most_workers(), "worker");
    parts.workers.push_back({worker.getNumber(), worker.getIncarnation()});
  }
  for (const auto peer : message.getPeers()) {
    parts.peers.push_back({peer.getNode().cStr(), peer.getHost().cStr(), peer.getPort()});
  }
  return parts;
}

std::shared_ptr<const run_plan> read_plan(const schema::Invite::Reader& message,
                                          const catalogue& known) {
  job of = parse_job(message.getJob().cStr(), "the cluster's job", {}, known);
  complete(of, known);
  sectioned_file sections;
  for (const auto section : message.getTransforms()) {
    const auto bytes = section.getBytes();
    sections.put(
        section.getName().cStr(),
        span<const std::byte>(reinterpret_cast<const std::byte*>(bytes.begin()), bytes.size()));
  }
  data_facts facts;
  facts.transforms = pipeline::load(sections, known.data.transforms);
  facts.label_width = message.getLabelWidth();
  facts.rows = message.getRows();
  facts.has_validation = message.getHasValidation();
  facts.has_test = message.getHasTest();
  if (facts.label_width == 0 || facts.rows == 0 ||
      volume(facts.transforms.output()) != volume(of.model.input)) {
    throw run_error("invitation", "its data does not fit its model");
  }
  return make_run_plan(of, known, facts, message.getRun());
}

std::uint64_t checksum_of(const dataset& rows, const position_range& range) {
  const std::uint64_t features = checksum({rows.row(range.first), range.size() * rows.row_bytes()});
  const auto* labels =
      reinterpret_cast<const std::byte*>(rows.labels.data() + range.first * rows.label_width);
  return checksum({labels, range.size() * rows.label_width * sizeof(float)}, features);
}

}  // namespace troupe
