#include "cluster/faults/cluster_world.hpp"

#include <fmt/core.h>

#include <regex>

#include "troupe/cluster/transport/credentials.hpp"

namespace troupe::testing {

namespace {

using clock_type = std::chrono::steady_clock;

/// One certificate for all processes of all tests.
const credentials& papers() {
  static const credentials made = [] {
    certificate_authority authority("tests of troupe");
    return authority.issue("node", {"127.0.0.1", "localhost"});
  }();
  return made;
}

}  // namespace

std::vector<world_node> five_nodes() {
  return {{"server-1", 1, 0, 0},
          {"server-2", 1, 0, 0},
          {"worker-1", 0, 1, 1},
          {"worker-2", 0, 1, 1},
          {"worker-3", 0, 1, 1}};
}

cluster_world::cluster_world(const world_options& options) : options_(options) {
  if (options_.tls) write_credentials();
  start_launcher();
  named_ = options_.nodes.size();
  for (std::size_t i = 0; i < options_.nodes.size(); ++i) start_node(i);
}

cluster_world::~cluster_world() = default;

void cluster_world::write_credentials() {
  files_.write("ca.pem", papers().authority);
  files_.write("node.pem", papers().certificate);
  files_.write("node.key", papers().key);
}

std::string cluster_world::job_text() const {
  std::string text = options_.job + "cluster:\n  launcher: manual\n  id: world\n";
  text += fmt::format("  listen: {}\n  address: {}\n", options_.machines ? "0.0.0.0" : "127.0.0.1",
                      address_of(0));
  text += options_.tls ? fmt::format("  tls: {{ca: {}, certificate: {}, key: {}}}\n",
                                     files_ / "ca.pem", files_ / "node.pem", files_ / "node.key")
                       : "  tls: {enabled: false}\n";
  for (const auto& [key, value] : options_.cluster) text += fmt::format("  {}: {}\n", key, value);
  text += "  nodes:\n";
  for (std::size_t i = 0; i < options_.nodes.size(); ++i) {
    const world_node& n = options_.nodes[i];
    text += fmt::format(
        "    - {{name: {}, host: {}, parameter_servers: {}, workers: {}, data_shards: {}}}\n",
        n.name, address_of(i + 1), n.parameter_servers, n.workers, n.data_shards);
  }
  return text;
}

std::string cluster_world::address_of(std::size_t machine) const {
  return options_.machines ? options_.machines->address(machine) : "127.0.0.1";
}

process_options cluster_world::options_of(std::size_t machine) const {
  process_options o;
  o.open_files = options_.open_files;
  if (options_.machines) o.network = options_.machines->network(machine);
  return o;
}

std::unique_ptr<relay> cluster_world::relay_on(std::size_t machine) const {
  if (!options_.machines) return std::make_unique<relay>();
  std::unique_ptr<relay> made;
  options_.machines->inside(
      machine, [&] { made = std::make_unique<relay>(options_.machines->address(machine)); });
  return made;
}

void cluster_world::start_launcher() {
  const std::string job = files_.write("job.yaml", job_text());
  launcher_ = std::make_unique<process>(std::vector<std::string>{"launch", job, "--run", folder()},
                                        options_of(0));
  const std::regex line("listening on (.*):([0-9]+)\n");
  std::smatch found;
  const bool open = launcher_->wait_for("listening on ");
  // The rest of the line may come later than its beginning.
  while (open && !std::regex_search(launcher_->so_far().err, found, line) && !launcher_->ended()) {
  }
  if (found.empty()) {
    throw std::runtime_error("the launcher does not listen: " + launcher_->so_far().err);
  }
  place_ = {address_of(0), static_cast<std::uint16_t>(std::stoul(found[2]))};
}

std::vector<std::string> cluster_world::credentials_of_a_node() const {
  if (!options_.tls) return {"--no-tls"};
  return {"--tls-ca",          files_ / "ca.pem", "--tls-certificate",
          files_ / "node.pem", "--tls-key",       files_ / "node.key"};
}

void cluster_world::help(const world_node& extra) {
  options_.nodes.push_back(extra);
  start_node(options_.nodes.size() - 1);
}

void cluster_world::start_node(std::size_t i) {
  member m;
  std::string join = fmt::format("{}:{}", place_.address, place_.port);
  std::vector<std::string> arguments = {"node", "--name", options_.nodes[i].name, "--cluster",
                                        "world"};
  for (const std::string& word : credentials_of_a_node()) arguments.push_back(word);
  if (options_.machines) {
    arguments.insert(arguments.end(), {"--listen", "0.0.0.0"});
  }
  if (options_.relays) {
    m.way_in = relay_on(i + 1);
    m.way_out = relay_on(i + 1);
    m.way_out->lead_to(place_.address, place_.port);
    join = m.way_out->name();
    arguments.insert(arguments.end(), {"--advertise", m.way_in->name()});
  }
  if (i >= named_) {
    const world_node& extra = options_.nodes[i];
    arguments.insert(arguments.end(),
                     {"--workers", std::to_string(extra.workers), "--parameter-servers",
                      std::to_string(extra.parameter_servers)});
  }
  arguments.insert(arguments.end(), {"--join", join});
  m.program = std::make_unique<process>(arguments, options_of(i + 1));
  members_.push_back(std::move(m));
}

std::vector<process*> cluster_world::processes() {
  std::vector<process*> all{launcher_.get()};
  for (const member& m : members_) all.push_back(m.program.get());
  return all;
}

/// \returns whether the launcher has ended.
bool cluster_world::listen_to_all() {
  for (member& m : members_) {
    m.program->ended();
    if (!m.way_in || m.reachable) continue;
    const auto ports = listening(m.program->id());
    if (ports.empty()) continue;
    // The relay is on the node's machine.
    m.way_in->lead_to("127.0.0.1", ports[0].port);
    m.reachable = true;
  }
  return launcher_->ended();
}

bool cluster_world::until(const std::function<bool()>& condition, std::chrono::seconds patience) {
  const auto deadline = clock_type::now() + patience;
  while (!condition()) {
    if (listen_to_all()) return condition();
    if (clock_type::now() > deadline) return false;
  }
  return true;
}

outcome cluster_world::finish(std::chrono::seconds patience) {
  if (!until([&] { return !launcher_->alive(); }, patience)) {
    throw std::runtime_error("the run does not end: " + story());
  }
  const outcome done = launcher_->wait();
  if (!nodes_end()) throw std::runtime_error("a node does not end: " + story());
  return done;
}

bool cluster_world::nodes_end(std::chrono::seconds patience) {
  const auto deadline = clock_type::now() + patience;
  for (member& m : members_) {
    while (m.program->alive()) {
      listen_to_all();
      if (clock_type::now() > deadline) return false;
    }
  }
  return true;
}

std::vector<nlohmann::json> cluster_world::events(const std::string& name) const {
  std::vector<nlohmann::json> found;
  const std::string text = files_.read("run/events.jsonl");
  // A line without an end is still being written.
  for (const std::string& line : lines_of(text.substr(0, text.rfind('\n') + 1))) {
    nlohmann::json event = nlohmann::json::parse(line);
    if (name.empty() || event["event"] == name) found.push_back(std::move(event));
  }
  return found;
}

std::uint64_t cluster_world::reports() const {
  const std::string text = files_.read("run/history.jsonl");
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

std::string cluster_world::story() {
  std::string text = "launcher: " + launcher_->so_far().err;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    process& program = *members_[i].program;
    text += options_.nodes[i].name + (program.alive() ? " (runs): " : " (ended): ") +
            program.so_far().err;
  }
  return text + files_.read("run/events.jsonl");
}

}  // namespace troupe::testing
