#include "troupe/config/variant.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "troupe/config/check_optimizer.hpp"
#include "troupe/config/job_tree.hpp"
#include "troupe/config/sections/key.hpp"
#include "troupe/config/yaml/override.hpp"

namespace troupe {

using yaml::node;

namespace {

const setting* option_of(const protocol_entry& protocol, const std::string& name) {
  for (const setting& s : protocol.options) {
    if (s.name == name) return &s;
  }
  return nullptr;
}

bool is_key(const std::string& name) {
  for (const section& s : job_sections()) {
    if (s.path == "optimizer") return s.find(name) != nullptr;
  }
  return false;
}

/// The name of a choice, written as a word or as a map; "" where it is neither.
std::string chosen(const node& n) {
  const node* name = n.is(node::kind::map) ? n.find("name") : &n;
  return name && name->is(node::kind::scalar) ? name->text : "";
}

/// Says of one key of the optimizer section why a protocol has no use for it.
class sieve {
 public:
  sieve(const protocol_entry& own, const protocol_entry& protocol, const catalogue& known)
      : own_(own), protocol_(protocol), known_(known) {}

  /// "" for what stays; what nobody knows stays, too: the reader refuses it.
  std::string why_out(const node::entry& e) const {
    const std::string& name = protocol_.name;
    if (e.name == "gradient_rule") {
      return protocol_.rule == rule_place::none ? name + " has a rule of its own" : "";
    }
    if (e.name == "server_rule") {
      return protocol_.takes_server_rule ? "" : name + " takes none";
    }
    if (e.name == "communication_window") {
      return protocol_.has_window ? "" : "it changes nothing for " + name;
    }
    if (e.name == "consistency") {
      const consistency_entry* choice = known_.consistencies.find(chosen(e.value));
      return !choice || why_not(protocol_, *choice).empty()
                 ? ""
                 : fmt::format("{} does not go with {}", name, choice->name);
    }
    if (e.name == "compression") {
      const codec_entry* choice = known_.compressions.find(chosen(e.value));
      // What is a copy travels exactly both ways, so options of `none` do not fit either.
      const bool plain = protocol_.payload != payload_kind::copy || !e.value.find("answers");
      return !choice || (plain && why_not(protocol_, *choice, known_.compressions).empty())
                 ? ""
                 : fmt::format("{} does not take {}", name, choice->name);
    }
    return is_key(e.name) ? "" : why_option_out(e);
  }

 private:
  std::string why_option_out(const node::entry& e) const {
    const setting* theirs = option_of(protocol_, e.name);
    const setting* ours = option_of(own_, e.name);
    const bool from_file = e.at.line > 0;
    if (theirs) {
      const bool other = from_file && ours && ours->meaning != theirs->meaning;
      return other ? fmt::format("it means something else for {}", protocol_.name) : "";
    }
    const auto& all = known_.protocols.entries();
    const bool any = std::any_of(all.begin(), all.end(), [&](const protocol_entry& p) {
      return option_of(p, e.name) != nullptr;
    });
    return any ? fmt::format("{} has no such option", protocol_.name) : "";
  }

  const protocol_entry& own_;
  const protocol_entry& protocol_;
  const catalogue& known_;
};

/// The protocol the job itself names.
const protocol_entry& own_protocol(const node& root, const catalogue& known) {
  const node* optimizer = root.find("optimizer");
  const node* name = optimizer ? optimizer->find("protocol") : nullptr;
  if (!name || !name->is(node::kind::scalar)) {
    return find_protocol(known.protocols, optimizer_spec().protocol, "optimizer.protocol");
  }
  return find_protocol(known.protocols, name->text, name->place());
}

}  // namespace

job_variant parse_variant(const std::string& text, const std::string& name,
                          const std::vector<std::string>& overrides, const variant_request& request,
                          const catalogue& known) {
  const protocol_entry& protocol = find_protocol(known.protocols, request.protocol, "--protocols");
  node root = job_tree(text, name);
  const protocol_entry& own = own_protocol(root, known);
  if (request.recommended) {
    for (const auto& [key, value] : protocol.recommended) yaml::set(root, key + "=" + value);
  }
  for (const std::string& assignment : overrides) yaml::set(root, assignment);
  yaml::set(root, "optimizer.protocol=" + protocol.name);
  if (request.workers) yaml::set(root, fmt::format("actors.workers={}", *request.workers));

  job_variant out;
  auto& entries = root.find("optimizer")->entries;
  const sieve keep(own, protocol, known);
  for (auto e = entries.begin(); e != entries.end();) {
    const std::string reason = keep.why_out(*e);
    if (!reason.empty()) out.left_out.push_back(fmt::format("optimizer.{} ({})", e->name, reason));
    e = reason.empty() ? std::next(e) : entries.erase(e);
  }
  out.of = job_of(root, name, known);
  if (protocol.most_workers > 0 && out.of.actors.workers > protocol.most_workers) {
    yaml::set(root, fmt::format("actors.workers={}", protocol.most_workers));
    out.of = job_of(root, name, known);
  }
  return out;
}

}  // namespace troupe
