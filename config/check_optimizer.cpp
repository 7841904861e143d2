#include "troupe/config/check_optimizer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "troupe/config/attempt.hpp"
#include "troupe/config/check.hpp"

namespace troupe {

protocol_setup setup_of(const job& j, const catalogue& known, std::size_t parameters) {
  protocol_setup setup;
  setup.options = j.optimizer.options;
  setup.workers = j.actors.workers;
  const protocol_entry& protocol =
      find_protocol(known.protocols, j.optimizer.protocol, j.place("optimizer.protocol"));
  setup.window = protocol.has_window ? j.optimizer.communication_window : protocol.default_window;
  setup.parameters = parameters;
  setup.synchronous = j.optimizer.consistency.name == "synchronous";
  // Nobody else moves the centre of a worker that is alone: the plain exchange loses nothing.
  setup.overlap = j.optimizer.overlap && setup.workers > 1;
  setup.rule = j.optimizer.gradient_rule;
  setup.server_rule = j.optimizer.server_rule;
  setup.make_rule = [rules = known.models.rules](const rule_spec& rule, std::size_t count) {
    return rules.at(rule.name, "optimizer.gradient_rule", "gradient rule")
        .make(rule.options, count);
  };
  return setup;
}

namespace {

bool takes(const protocol_entry& protocol, const codec_entry& compression) {
  switch (protocol.payload) {
    case payload_kind::difference:
      return true;
    case payload_kind::parameters:
      return compression.rounds_only;
    case payload_kind::copy:
      return compression.lossless;
  }
  return false;
}

bool contains(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

/// "a", "a or b", "a, b or c"
std::string either(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 < names.size() ? ", " : " or ";
    text += names[i];
  }
  return text;
}

/// Checks one optimizer section, gathering warnings.
class optimizer_checker {
 public:
  optimizer_checker(const job& j, const catalogue& known, std::vector<std::string>& warnings)
      : job_(j),
        known_(known),
        protocol_(
            find_protocol(known.protocols, j.optimizer.protocol, j.place("optimizer.protocol"))),
        warnings_(warnings) {}

  void run(std::size_t parameters) {
    if (protocol_.rule != rule_place::none) {
      check_rule(job_.optimizer.gradient_rule, "optimizer.gradient_rule");
    }
    if (job_.optimizer.server_rule) {
      check_rule(*job_.optimizer.server_rule, "optimizer.server_rule");
    }
    check_workers();
    check_consistency();
    check_overlap();
    check_compression();
    check_options(setup_of(job_, known_, parameters));
  }

 private:
  [[noreturn]] void fail(const std::string& path, const std::string& message) const {
    throw job_error(job_.place(path), message);
  }

  void check_rule(const rule_spec& rule, const std::string& path) const {
    const rule_entry& entry = known_.models.rules.at(rule.name, job_.place(path), "gradient rule");
    attempt(job_, path, [&] { entry.make(rule.options, 1); });
  }

  void check_workers() const {
    const std::uint32_t workers = job_.actors.workers;
    if (protocol_.most_workers > 0 && workers > protocol_.most_workers) {
      fail("actors.workers",
           fmt::format("protocol '{}' has at most {} worker{}, not {}", protocol_.name,
                       protocol_.most_workers, protocol_.most_workers == 1 ? "" : "s", workers));
    }
    if (protocol_.shares_parameters && job_.supervisor.go_backs > 0) {
      fail("supervisor.divergence.go_back",
           fmt::format("the workers of protocol '{}' share one vector, which is not taken back",
                       protocol_.name));
    }
    if (!protocol_.shares_parameters || !job_.cluster) return;
    const auto& nodes = job_.cluster->nodes;
    const auto with_workers =
        std::count_if(nodes.begin(), nodes.end(), [](const node_spec& n) { return n.workers > 0; });
    if (with_workers > 1) {
      fail("cluster.nodes",
           fmt::format("protocol '{}' wants all workers on one node, not on {}: those of different "
                       "processes share no memory",
                       protocol_.name, with_workers));
    }
  }

  void check_consistency() const {
    const choice_spec& c = job_.optimizer.consistency;
    const std::string path = "optimizer.consistency";
    const std::string reason =
        why_not(protocol_, known_.consistencies.at(c.name, job_.place(path), "consistency"));
    if (!reason.empty()) fail(path + ".name", reason);
    const setting_value* backups = c.options.find("backup_workers");
    if (backups && std::get<std::int64_t>(*backups) >= job_.actors.workers) {
      fail(path + ".backup_workers",
           fmt::format("'backup_workers' must be below the number of workers, {}: a round needs "
                       "one commit at least",
                       job_.actors.workers));
    }
  }

  void check_overlap() const {
    if (!job_.optimizer.overlap) return;
    if (job_.optimizer.consistency.name == "synchronous") {
      fail("optimizer.overlap",
           "'overlap' does not go with consistency synchronous: everybody starts a round from the "
           "centre of the last one");
    }
    if (!protocol_.overlaps) {
      fail("optimizer.overlap",
           fmt::format("'overlap' does not go with protocol '{}': {}", protocol_.name,
                       protocol_.counts_commits ? "its workers cannot train on without the answer"
                                                : "its workers wait for no answer"));
    }
  }

  void check_compression() {
    const choice_spec& c = job_.optimizer.compression;
    const std::string path = "optimizer.compression";
    const codec_entry& codec = known_.compressions.at(c.name, job_.place(path), "compression");
    attempt(job_, path, [&] { codec.make(c.options); });
    const std::string reason = why_not(protocol_, codec, known_.compressions);
    if (!reason.empty()) fail(path + ".name", reason);
    const setting_value* feedback = c.options.find("error_feedback");
    if (!codec.rounds_only && feedback && !std::get<bool>(*feedback)) {
      warnings_.push_back(fmt::format(
          "compression '{}' without error_feedback forgets what does not travel", c.name));
    }
    if (protocol_.payload != payload_kind::copy) return;
    const setting_value* answers = c.options.find("answers");
    if (answers && *answers != setting_value("none")) {
      fail(path + ".answers",
           fmt::format("protocol '{}' takes 'answers: none' only: what travels is the model itself",
                       protocol_.name));
    }
  }

  void check_options(const protocol_setup& setup) {
    if (protocol_.check) {
      const std::string reason = protocol_.check(setup);
      if (!reason.empty()) fail("optimizer.protocol", reason);
    }
    if (!protocol_.has_window && job_.places.count("optimizer.communication_window") > 0) {
      warnings_.push_back(
          fmt::format("communication_window changes nothing for protocol '{}'", protocol_.name));
    }
    if (!protocol_.warnings) return;
    for (std::string& warning : protocol_.warnings(setup)) {
      warnings_.push_back(std::move(warning));
    }
  }

  const job& job_;
  const catalogue& known_;
  const protocol_entry& protocol_;
  std::vector<std::string>& warnings_;
};

}  // namespace

std::string why_not(const protocol_entry& protocol, const consistency_entry& consistency) {
  const auto& all = protocol.consistencies;
  if (contains(all, consistency.name)) return {};
  if (all.empty() && consistency.name == "asynchronous") return {};
  std::string reason;
  if (!protocol.counts_commits) {
    reason = "its workers commit nothing that anybody could wait for";
  } else if (all.size() == 1 && all.front() == "synchronous") {
    reason = "the centre moves once a round, with the commits of all workers";
  }
  return fmt::format("protocol '{}' goes with consistency {}, not with '{}'{}", protocol.name,
                     all.empty() ? "asynchronous" : either(all), consistency.name,
                     reason.empty() ? "" : ": " + reason);
}

std::string why_not(const protocol_entry& protocol, const codec_entry& compression,
                    const registry<codec_entry>& known) {
  if (takes(protocol, compression)) return {};
  return fmt::format("protocol '{}' takes compression {}, not '{}': {}", protocol.name,
                     either(compressions_of(protocol, known)), compression.name,
                     protocol.payload == payload_kind::parameters
                         ? "its workers send whole parameters, which may be rounded but not left "
                           "out"
                         : "its workers send the model itself, which travels exactly");
}

std::vector<std::string> compressions_of(const protocol_entry& protocol,
                                         const registry<codec_entry>& known) {
  std::vector<std::string> names;
  for (const codec_entry& codec : known.entries()) {
    if (takes(protocol, codec)) names.push_back(codec.name);
  }
  return names;
}

void check_optimizer(const job& j, const catalogue& known, std::size_t parameters,
                     std::vector<std::string>& warnings) {
  optimizer_checker(j, known, warnings).run(parameters);
}

}  // namespace troupe
