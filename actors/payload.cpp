#include "troupe/actors/payload.hpp"

#include <fmt/format.h>

#include <cstring>

namespace troupe {

namespace {

span<const std::byte> bytes_of(capnp::Data::Reader data) {
  return {reinterpret_cast<const std::byte*>(data.begin()), data.size()};
}

/// Numbers that travel as they are. Empty if they are `count`, else what is wrong.
std::string read_plain(capnp::Data::Reader data, std::size_t count, span<const float>& values) {
  if (data.size() != count * sizeof(float)) {
    return fmt::format("the payload has {} bytes, the slice {}", data.size(),
                       count * sizeof(float));
  }
  values = floats_of(data);
  return {};
}

std::string unexpected_codec(const std::string& got, const std::string& expected) {
  return fmt::format("it is encoded as '{}', the run uses '{}'", got, expected);
}

std::string name_of(const capnp::Text::Reader& name) {
  return {name.cStr(), name.size()};
}

}  // namespace

payload_codec::payload_codec(std::shared_ptr<const run_plan> plan, bool sends)
    : plan_(std::move(plan)) {
  const settings& options = plan_->of.optimizer.compression.options;
  if (plan_->compression.name == "none") return;
  codec_ = plan_->compression.make(options);
  const bool keeps = plan_->protocol.payload == payload_kind::difference &&
                     options.has("error_feedback") && options.boolean("error_feedback");
  if (sends) feedback_.emplace(plan_->model.parameters, keeps);
}

codec_key payload_codec::key_of(std::uint32_t slice, std::uint32_t epoch,
                                std::uint64_t first) const {
  return {plan_->of.seed, epoch, first, slice};
}

std::size_t payload_codec::write(wire_builder<schema::Commit>& commit,
                                 const std::function<void(span<float>)>& fill) {
  const std::uint32_t slice = commit->getSlice();
  const slice_range range = plan_->range_of(slice);
  if (!encodes(slice)) {
    fill(commit.floats(range.count, [&](auto&& data) { commit->adoptPayload(kj::mv(data)); }));
    return range.count * sizeof(float);
  }
  values_.resize(range.count);
  fill(values_);
  bytes_.resize(codec_->most_bytes(range.count));
  const codec_key key = key_of(slice, commit->getEpoch(), commit->getFirst());
  // A commit without rows has no weight in a mean over rows: what is kept back waits for one that
  // has.
  const std::size_t size = commit->getRows() == 0
                               ? codec_->encode(values_, key, bytes_)
                               : feedback_->encode(*codec_, range.first, values_, key, bytes_);
  const auto payload = commit.bytes(size, [&](auto&& data) { commit->adoptPayload(kj::mv(data)); });
  if (size > 0) std::memcpy(payload.data(), bytes_.data(), size);
  commit->setCodec(plan_->compression.name);
  return size;
}

std::string payload_codec::read(const schema::Commit::Reader& commit, std::vector<float>& scratch,
                                span<const float>& values) {
  const std::uint32_t slice = commit.getSlice();
  const std::size_t count = plan_->range_of(slice).count;
  const std::string name = name_of(commit.getCodec());
  const bool encoded = encodes(slice);
  if (name != (encoded ? plan_->compression.name : std::string())) {
    return unexpected_codec(name.empty() ? "none" : name,
                            encoded ? plan_->compression.name : "none");
  }
  if (!encoded) return read_plain(commit.getPayload(), count, values);
  scratch.resize(count);
  if (!codec_->decode(bytes_of(commit.getPayload()),
                      key_of(slice, commit.getEpoch(), commit.getFirst()), scratch)) {
    return fmt::format("its {} bytes are no {} numbers encoded as '{}'", commit.getPayload().size(),
                       count, name);
  }
  values = scratch;
  return {};
}

void payload_codec::lost(const schema::Commit::Reader& commit) {
  if (!encodes(commit.getSlice()) || !feedback_) return;
  span<const float> values;
  if (!read(commit, values_, values).empty()) return;
  feedback_->restore(plan_->range_of(commit.getSlice()).first, values);
}

answer_codec::answer_codec(const run_plan& plan) {
  const settings& options = plan.of.optimizer.compression.options;
  if (!options.has("answers") || options.text("answers") == "none") return;
  name_ = options.text("answers");
  codec_ = make_answer_codec(name_);
}

wire<schema::Center> answer_codec::encoded(const wire<schema::Center>& exact) {
  if (!codec_) return exact;
  const auto center = *exact;
  const auto values = floats_of(center.getPayload());
  bytes_.resize(codec_->most_bytes(values.size()));
  const std::size_t size = codec_->encode(values, {}, bytes_);
  wire_builder<schema::Center> out;
  out->setSlice(center.getSlice());
  out->setVersion(center.getVersion());
  out->setCodec(name_);
  const auto payload = out.bytes(size, [&](auto&& data) { out->adoptPayload(kj::mv(data)); });
  if (size > 0) std::memcpy(payload.data(), bytes_.data(), size);
  return std::move(out).finish();
}

std::string answer_codec::read(const schema::Center::Reader& center, std::size_t count,
                               span<const float>& values) {
  const std::string name = name_of(center.getCodec());
  if (name.empty()) return read_plain(center.getPayload(), count, values);
  if (name != name_) return unexpected_codec(name, name_.empty() ? "none" : name_);
  values_.resize(count);
  if (!codec_->decode(bytes_of(center.getPayload()), {}, values_)) {
    return fmt::format("its {} bytes are no {} numbers encoded as '{}'", center.getPayload().size(),
                       count, name);
  }
  values = values_;
  return {};
}

}  // namespace troupe
