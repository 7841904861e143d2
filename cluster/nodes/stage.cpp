#include "troupe/cluster/nodes/stage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <caf/all.hpp>
#include <cstring>

#include "troupe/actors/center_puller.hpp"
#include "troupe/actors/configure.hpp"
#include "troupe/actors/data_shard.hpp"
#include "troupe/actors/parameter_server.hpp"
#include "troupe/actors/worker.hpp"
#include "troupe/cluster/train.hpp"

namespace troupe {

namespace {

constexpr std::chrono::seconds dial_timeout{15};
/// Rows that have to be sent come in pieces of about this many bytes, two under way at a time.
constexpr std::uint64_t piece_bytes = 1 << 20;
constexpr std::uint64_t pieces_under_way = 2;

}  // namespace

stage_state::~stage_state() {
  for (const auto& actor : spawned_) {
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  }
}

void stage_state::begin(catalogue known, caf::io::middleman_actor dialler) {
  known_ = std::move(known);
  dialler_ = std::move(dialler);
}

void stage_state::refuse(const std::string& why) {
  auto answer = std::move(*answer_);
  answer_.reset();
  answer.deliver(actor_failure("", why));
}

void stage_state::invited(const schema::Invite::Reader& message, const data_shard_actor& source,
                          promise answer) {
  if (answer_) {
    answer.deliver(actor_failure("", "an earlier invitation is being prepared"));
    return;
  }
  answer_ = std::move(answer);
  try {
    if (plan_ && plan_->run != message.getRun()) throw run_error("", "it plays in another run");
    if (!plan_) plan_ = read_plan(message, known_);
    parts_ = read_parts(message, *plan_);
  } catch (const error& e) {
    return refuse(e.what());
  }
  source_ = source;
  dialled_ = 0;
  note_.clear();
  dial_next();
}

void stage_state::dial_next() {
  if (dialled_ == parts_.peers.size()) return load();
  const peer_address& peer = parts_.peers[dialled_];
  self_->request(dialler_, dial_timeout, caf::connect_atom::value, peer.host, peer.port)
      .then(
          [this](const caf::node_id&, const caf::strong_actor_ptr&, const std::set<std::string>&) {
            ++dialled_;
            dial_next();
          },
          [this, peer](const caf::error& problem) {
            refuse(fmt::format("cannot connect to node {} at {}:{}: {}", peer.node, peer.host,
                               peer.port, text_of(problem, self_->system().config())));
          });
}

void stage_state::load() {
  if (parts_.shards.empty()) return play();
  wanted_ = parts_.shards.front().rows;
  for (const auto& shard : parts_.shards) {
    wanted_.first = std::min(wanted_.first, shard.rows.first);
    wanted_.last = std::max(wanted_.last, shard.rows.last);
  }
  rows_ = std::make_shared<dataset>();
  rows_->shape = plan_->transforms.input();
  rows_->label_width = plan_->label_width;
  try {
    read_rows(wanted_);
    return play();
  } catch (const error& e) {
    note_ = e.what();
  }
  asked_ = arrived_ = wanted_.first;
  rows_->features.clear();
  rows_->labels.clear();
  if (wanted_.size() == 0) return play();
  receive_more();
}

/// From the files of the job, as far as they are here. \throws error where they are not, or are
/// other ones.
void stage_state::read_rows(const position_range& wanted) {
  const prepared_data data = prepare_job(plan_->of, known_);
  const dataset& all = *data.train;
  if (all.rows() != plan_->rows_per_epoch || all.label_width != plan_->label_width) {
    throw data_error(all.origin, "not the rows that this run trains on");
  }
  for (const auto& shard : parts_.shards) {
    if (checksum_of(all, shard.rows) == shard.checksum) continue;
    throw data_error(all.origin, "not the rows that this run trains on");
  }
  rows_->type = all.type;
  rows_->features.assign(all.row(wanted.first),
                         all.row(wanted.first) + wanted.size() * all.row_bytes());
  const auto* labels = all.labels.data();
  rows_->labels.assign(labels + wanted.first * all.label_width,
                       labels + wanted.last * all.label_width);
  rows_->set_rows(wanted.size());
}

void stage_state::receive_more() {
  const std::uint64_t bytes = std::max<std::uint64_t>(volume(plan_->transforms.input()) * 4, 1);
  const std::uint64_t rows = std::max<std::uint64_t>(piece_bytes / bytes, 1);
  while (asked_ < wanted_.last && asked_ < arrived_ + pieces_under_way * rows) {
    const std::uint64_t last = std::min(asked_ + rows, wanted_.last);
    wire_builder<schema::Copy> copy;
    copy->setRun(plan_->run);
    copy->setFirst(asked_);
    copy->setLast(last);
    asked_ = last;
    self_->request(source_, answer_timeout, std::move(copy).finish())
        .then([this](const rows_msg& message) { received(message); },
              [this](const caf::error& problem) {
                if (answer_) {
                  refuse("receiving rows: " + text_of(problem, self_->system().config()));
                }
              });
  }
}

void stage_state::received(const rows_msg& message) {
  if (!answer_) return;  // refused meanwhile
  const auto rows = *message;
  const std::uint64_t count = rows.getRows();
  const auto type = rows.getType();
  const bool known = type == schema::ElementType::U8 || type == schema::ElementType::F32;
  rows_->type = static_cast<element_type>(type);
  if (!known || rows.getFirst() != arrived_ || rows.getLast() != arrived_ + count ||
      rows.getLast() > wanted_.last || rows.getFeatures().size() != count * rows_->row_bytes() ||
      rows.getLabels().size() != count * rows_->label_width * sizeof(float)) {
    return refuse("rows arrived that do not fit");
  }
  const auto* features = reinterpret_cast<const std::byte*>(rows.getFeatures().begin());
  rows_->features.insert(rows_->features.end(), features, features + rows.getFeatures().size());
  const auto labels = floats_of(rows.getLabels());
  rows_->labels.insert(rows_->labels.end(), labels.begin(), labels.end());
  arrived_ = rows.getLast();
  if (arrived_ < wanted_.last) return receive_more();
  rows_->set_rows(wanted_.size());
  for (const auto& shard : parts_.shards) {
    const position_range here{shard.rows.first - wanted_.first, shard.rows.last - wanted_.first};
    if (checksum_of(*rows_, here) != shard.checksum) return refuse("rows arrived damaged");
  }
  play();
}

void stage_state::play() {
  auto& system = self_->system();
  try {
    try_threads(static_cast<std::uint32_t>(parts_.workers.size()));
  } catch (const error& e) {
    return refuse(e.what());
  }
  std::vector<parameter_server_actor> servers;
  std::vector<data_shard_actor> shards;
  std::vector<worker_actor> workers;
  wire_builder<schema::Playing> playing;
  for (const std::uint32_t server : parts_.servers) {
    servers.push_back(keep(system.spawn(parameter_server, plan_, server)));
  }
  const std::shared_ptr<const dataset> rows = std::move(rows_);
  for (const auto& shard : parts_.shards) {
    shards.push_back(keep(system.spawn(data_shard, plan_, rows, shard.rows, wanted_.first)));
  }
  for (const auto& part : parts_.workers) {
    workers.push_back(
        keep(system.spawn<caf::detached>(worker, plan_, part.number, part.incarnation)));
  }
  if (!note_.empty()) {
    auto received = playing->initReceived(static_cast<unsigned>(parts_.shards.size()));
    for (unsigned i = 0; i < received.size(); ++i) received.set(i, parts_.shards[i].number);
    playing->setNote(note_);
  }
  auto answer = std::move(*answer_);
  answer_.reset();
  answer.deliver(std::move(playing).finish(), std::move(servers), std::move(shards),
                 std::move(workers));
}

stage_actor::behavior_type stage(stage_state::pointer self, const catalogue& known,
                                 const caf::io::middleman_actor& dialler) {
  self->set_exception_handler([self](std::exception_ptr& problem) -> caf::error {
    const std::string why = what_of(problem);
    self->state.failed(why);
    return actor_failure("stage", why);
  });
  self->state.begin(known, dialler);
  return {
      [=](const invite_msg& message, const data_shard_actor& source) {
        auto answer =
            self->make_response_promise<playing_msg, std::vector<parameter_server_actor>,
                                        std::vector<data_shard_actor>, std::vector<worker_actor>>();
        self->state.invited(*message, source, answer);
        return answer;
      },
  };
}

}  // namespace troupe
