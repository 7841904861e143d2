#include <utility>

#include "troupe/base/error.hpp"
#include "troupe/config/sections/special.hpp"
#include "troupe/config/yaml/scalar.hpp"

namespace troupe {

using yaml::node;
using yaml::writer;

const std::vector<key<node_spec>>& node_keys() {
  constexpr double most = 65536;
  static const std::vector<key<node_spec>> keys = {
      bound<node_spec>(declare::text("name", "name of the node, one of a kind").required(),
                       &node_spec::name),
      bound<node_spec>(declare::text("host", "host name or address"), &node_spec::host),
      bound<node_spec>(declare::integer("port", "where it listens; 0: the system chooses")
                           .at_least(0)
                           .at_most(65535),
                       &node_spec::port),
      bound<node_spec>(declare::integer("parameter_servers", "parameter servers there")
                           .at_least(0)
                           .at_most(most),
                       &node_spec::parameter_servers),
      bound<node_spec>(declare::integer("workers", "workers there").at_least(0).at_most(most),
                       &node_spec::workers),
      bound<node_spec>(
          declare::integer("data_shards", "data shards there").at_least(0).at_most(most),
          &node_spec::data_shards)};
  return keys;
}

namespace {

node_spec read_node(const node& n) {
  if (!n.is(node::kind::map)) {
    throw job_error(n.place(), yaml::one_line("a node is a map, not " + yaml::describe(n)));
  }
  node_spec out;
  for (const node::entry& e : n.entries) {
    const key<node_spec>* known = nullptr;
    std::vector<std::string> names;
    for (const key<node_spec>& k : node_keys()) {
      names.push_back(k.declaration.name);
      if (k.declaration.name == e.name) known = &k;
    }
    if (!known) throw job_error(e.at.text(), yaml::one_line(unknown_word("key", e.name, names)));
    known->set(out, yaml::value_of(e.value, known->declaration));
  }
  if (out.name.empty()) throw job_error(n.place(), "a node needs 'name'");
  return out;
}

}  // namespace

key<job> nodes_key() {
  key<job> k;
  k.declaration.name = "nodes";
  k.declaration.meaning = "the machines and what runs on each";
  k.form = "list of maps with the keys of [a node](#a-node)";
  k.read = [](job& j, const node& n, const catalogue&) {
    if (!n.is(node::kind::list)) {
      throw job_error(n.place(), yaml::one_line("'nodes' is a list, not " + yaml::describe(n)));
    }
    if (!j.cluster) j.cluster.emplace();
    for (const node& item : n.items) j.cluster->nodes.push_back(read_node(item));
  };
  k.write = [](const job& j, writer& out) {
    out.begin("nodes");
    for (const node_spec& n : j.cluster->nodes) {
      settings values;
      for (const key<node_spec>& member : node_keys()) {
        values.set(member.declaration.name, *member.get(n));
      }
      out.item_map(values);
    }
    out.end("[]");
  };
  return k;
}

}  // namespace troupe
