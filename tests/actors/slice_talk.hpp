#pragma once

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "troupe/actors/center_slice.hpp"

namespace troupe::testing {

/// A slice's start, as the supervisor sends it.
inline install_msg install_of(std::uint32_t slice, std::uint64_t version,
                              const std::vector<float>& values) {
  wire_builder<schema::Install> out;
  out->setSlice(slice);
  out->setVersion(version);
  const auto to = out.floats(values.size(), [&](auto&& d) { out->adoptPayload(kj::mv(d)); });
  std::copy(values.begin(), values.end(), to.begin());
  return std::move(out).finish();
}

/// How a slice under test is set up; options are those of the job file.
struct slice_setup {
  std::string protocol = "downpour";
  std::string consistency = "synchronous";
  settings options = {};
  settings protocol_options = {};
  std::string codec = "none";
  settings codec_options = {};
  bool decides = false;
  std::vector<float> start = {0, 0, 0, 0, 0, 0, 0, 0};
  std::uint64_t version = 0;
};

/// One slice, its messages, and its answers in short.
class slice_talk {
 public:
  using kind = schema::Verdict::Kind;
  using floats = std::vector<float>;
  static constexpr std::uint32_t number = 2;

  explicit slice_talk(const slice_setup& with) : plan_(plan_for(with)), slice_(make(with)) {}

  struct facts {
    std::uint32_t worker = 0;
    std::uint64_t sequence = 1;
    std::uint64_t clock = 1;
    floats payload = {};  ///< empty: ones
    std::uint64_t view = 0;
    std::uint32_t incarnation = 1;
    std::uint64_t base = 0;
    bool keeps = false;
    std::uint64_t rows = 16;
  };

  /// The commit as a worker sends it, in the run's compression.
  commit_msg message(const facts& f, payload_codec* with = nullptr) const {
    wire_builder<schema::Commit> out;
    out->setSlice(number);
    out->setWorker(f.worker);
    out->setIncarnation(f.incarnation);
    out->setSequence(f.sequence);
    out->setBaseVersion(f.base);
    out->setView(f.view);
    out->setClock(f.clock);
    out->setMiniBatches(f.rows > 0 ? 1 : 0);
    out->setRows(f.rows);
    out->setKeeps(f.keeps);
    payload_codec fresh(plan_, true);
    (with ? *with : fresh).write(out, [&](span<float> to) {
      const floats ones(to.size(), 1.0f);
      const floats& from = f.payload.empty() ? ones : f.payload;
      std::copy(from.begin(), from.end(), to.begin());
    });
    return std::move(out).finish();
  }

  /// What came of an event: verdicts by worker; of a commit, the sender's is the last.
  center_slice::answers commit(const facts& f) { return checked(slice_.commit(message(f)), f); }
  center_slice::answers commit(const facts& f, const commit_msg& m) {
    return checked(slice_.commit(m), f);
  }
  kind verdict(const facts& f) { return kind_of(commit(f).back()); }

  center_slice::answers join(std::uint64_t view, const std::vector<std::uint32_t>& members,
                             std::uint64_t from_clock = 0) {
    membership now;
    now.number = view;
    for (const std::uint32_t w : members) now.members.push_back({w, from_clock});
    return slice_.join(now);
  }

  static kind kind_of(const center_slice::answer& a) { return (*a.verdict).getKind(); }
  static floats values(const center_msg& center) {
    const auto all = floats_of((*center).getPayload());
    return {all.begin(), all.end()};
  }
  floats center() const { return values(slice_.center()); }
  std::uint64_t version() const { return slice_.version(); }
  center_slice& slice() { return slice_; }
  const std::shared_ptr<run_plan>& plan() const { return plan_; }

 private:
  template <class Entry>
  static Entry entry_of(const registry<Entry>& known, const std::string& name) {
    return known.at(name, "", "name");
  }

  static std::shared_ptr<run_plan> plan_for(const slice_setup& with) {
    auto plan = std::make_shared<run_plan>();
    plan->protocol = entry_of(builtin_protocols(), with.protocol);
    plan->setup.options = resolve(plan->protocol.options, with.protocol_options, {}, "protocol");
    plan->setup.workers = 8;
    plan->setup.window = 1;
    plan->setup.synchronous = with.consistency == "synchronous";
    plan->consistency = entry_of(builtin_consistencies(), with.consistency);
    plan->of.optimizer.consistency = {with.consistency,
                                      resolve(plan->consistency.options, with.options, {}, "c")};
    plan->compression = entry_of(builtin_codecs(), with.codec);
    plan->of.optimizer.compression = {
        with.codec, resolve(plan->compression.options, with.codec_options, {}, "codec")};
    const std::size_t count = with.start.size();
    for (std::uint32_t i = 0; i <= number; ++i) plan->slices.push_back({i, count * i, count});
    plan->model.parameters = count * (number + 1);
    return plan;
  }

  center_slice make(const slice_setup& with) const {
    return {plan_, std::make_shared<center_slice::codecs>(plan_),
            *install_of(number, with.version, with.start), with.decides};
  }

  static center_slice::answers checked(center_slice::answers all, const facts& f) {
    BOOST_TEST_REQUIRE(!all.empty());
    BOOST_TEST_REQUIRE(all.back().worker == f.worker);
    BOOST_TEST((*all.back().verdict).getSequence() == f.sequence);
    std::vector<std::uint32_t> who;
    for (const auto& a : all) {
      who.push_back(a.worker);
      BOOST_TEST((*a.verdict).getSlice() == number);
    }
    std::sort(who.begin(), who.end());
    BOOST_TEST_REQUIRE((std::adjacent_find(who.begin(), who.end()) == who.end()));
    return all;
  }

  std::shared_ptr<run_plan> plan_;
  center_slice slice_;
};

inline slice_setup bounded_slice(std::int64_t staleness, const std::string& protocol = "downpour") {
  slice_setup out;
  out.protocol = protocol;
  out.consistency = "bounded";
  out.options = {{"staleness", staleness}};
  return out;
}

inline slice_setup slice_in_rounds(const std::string& protocol, std::int64_t backups = 0,
                                   bool decides = false) {
  slice_setup out;
  out.protocol = protocol;
  out.options = {{"backup_workers", backups}};
  out.decides = decides;
  return out;
}

/// The answer to one worker, which must be there.
inline const center_slice::answer& to(const center_slice::answers& all, std::uint32_t worker) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& a) { return a.worker == worker; });
  BOOST_TEST_REQUIRE((found != all.end()));
  return *found;
}

inline slice_talk::kind what(const center_slice::answers& all, std::uint32_t worker) {
  return slice_talk::kind_of(to(all, worker));
}

inline std::vector<float> all(float x) {
  return std::vector<float>(8, x);
}

}  // namespace troupe::testing
