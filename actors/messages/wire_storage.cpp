#include "troupe/actors/messages/wire_storage.hpp"

#include <capnp/dynamic.h>
#include <kj/exception.h>

#include <caf/binary_deserializer.hpp>
#include <caf/make_message.hpp>
#include <caf/sec.hpp>

#include <cstring>
#include <limits>

#include "troupe/actors/messages/lane.hpp"

namespace troupe {

namespace {

constexpr unsigned deepest_nesting = 8;
/// Checking reads everything once. A message may claim to hold more than this beyond its own size
/// (pointers to the same bytes, lists of elements without data) only to be a bomb.
constexpr std::uint64_t words_beyond_size = 1024;
/// Elements of lists of structures that are looked at one by one.
constexpr std::uint64_t most_list_elements = std::uint64_t{1} << 22;
/// Beside the number of segments: they lie in the lane at a place that follows; or they did not fit
/// there, and a place follows up to which all has been read.
constexpr std::uint32_t in_lane = 1u << 31, beside_lane = 1u << 30;

void check_value(capnp::DynamicValue::Reader value, std::uint64_t& budget);

void check_structure(capnp::DynamicStruct::Reader structure, std::uint64_t& budget) {
  for (auto field : structure.getSchema().getNonUnionFields()) {
    const auto type = field.getType();
    if (type.isText() || type.isData() || type.isList() || type.isStruct()) {
      check_value(structure.get(field), budget);
    }
  }
}

void check_value(capnp::DynamicValue::Reader value, std::uint64_t& budget) {
  if (value.getType() == capnp::DynamicValue::STRUCT) {
    check_structure(value.as<capnp::DynamicStruct>(), budget);
  } else if (value.getType() == capnp::DynamicValue::LIST) {
    const auto list = value.as<capnp::DynamicList>();
    const auto element = list.getSchema().whichElementType();
    if (element != capnp::schema::Type::STRUCT && element != capnp::schema::Type::TEXT &&
        element != capnp::schema::Type::DATA && element != capnp::schema::Type::LIST) {
      return;
    }
    KJ_REQUIRE(list.size() <= budget, "too many list elements");
    budget -= list.size();
    for (auto item : list) check_value(item, budget);
  }
}

void check_message(span<const kj::ArrayPtr<const capnp::word>> segments,
                   capnp::StructSchema schema) {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = words_beyond_size;
  for (const auto& segment : segments) options.traversalLimitInWords += segment.size();
  options.nestingLimit = deepest_nesting;
  capnp::SegmentArrayMessageReader reader(kj::arrayPtr(segments.data(), segments.size()), options);
  std::uint64_t budget = most_list_elements;
  check_structure(reader.getRoot<capnp::DynamicStruct>(schema), budget);
}

caf::error malformed(const char* why) {
  return caf::make_error(caf::sec::invalid_argument, std::string("malformed message: ") + why);
}

}  // namespace

wire_storage::wire_storage(std::unique_ptr<capnp::MallocMessageBuilder> builder,
                           std::vector<buffer_pool::buffer> payloads)
    : builder_(std::move(builder)),
      payloads_(std::move(payloads)),
      root_(builder_->getRoot<capnp::AnyStruct>().asReader()) {}

wire_storage::wire_storage(std::shared_ptr<const std::byte[]> memory,
                           const std::vector<std::uint64_t>& segment_words)
    : memory_(std::move(memory)) {
  const auto* at = reinterpret_cast<const capnp::word*>(memory_.get());
  for (const std::uint64_t words : segment_words) {
    received_.emplace_back(at, words);
    at += words;
  }
  // A message is read by many actors, many times; `load` has bounded what one reading can take.
  capnp::ReaderOptions options;
  options.traversalLimitInWords = std::numeric_limits<std::uint64_t>::max();
  options.nestingLimit = deepest_nesting;
  reader_ = std::make_unique<capnp::SegmentArrayMessageReader>(
      kj::arrayPtr(received_.data(), received_.size()), options);
  root_ = reader_->getRoot<capnp::AnyStruct>();
}

std::vector<kj::ArrayPtr<const capnp::word>> wire_storage::segments() const {
  if (!builder_) return received_;
  const auto all = builder_->getSegmentsForOutput();
  return {all.begin(), all.end()};
}

caf::error wire_storage::save(caf::serializer& sink, const wire_storage* storage) {
  std::vector<kj::ArrayPtr<const capnp::word>> segments;
  if (storage) segments = storage->segments();
  std::size_t total = 0;
  for (const auto& segment : segments) total += segment.size() * sizeof(capnp::word);
  auto count = static_cast<std::uint32_t>(segments.size());
  lane* const way = total < lane::least_bytes ? nullptr : lane::writing;
  std::byte* room = nullptr;
  std::uint64_t place = 0;
  if (way) {
    room = way->reserve(total, place);
    count |= room ? in_lane : beside_lane;
  }
  if (auto problem = sink(count)) return problem;
  if (way) {
    if (auto problem = sink(place)) return problem;
  }
  for (const auto& segment : segments) {
    std::uint64_t words = segment.size();
    if (auto problem = sink(words)) return problem;
  }
  for (const auto& segment : segments) {
    // CAF's interface takes a mutable pointer for both directions; a serializer only reads.
    auto* bytes = const_cast<capnp::word*>(segment.begin());
    if (segment.size() == 0) continue;
    if (room) {
      std::memcpy(room, bytes, segment.size() * sizeof(capnp::word));
      room += segment.size() * sizeof(capnp::word);
    } else if (auto problem = sink.apply_raw(segment.size() * sizeof(capnp::word), bytes)) {
      return problem;
    }
  }
  return caf::none;
}

caf::error wire_storage::load(caf::deserializer& source, capnp::StructSchema schema,
                              std::shared_ptr<const wire_storage>& out) {
  out.reset();
  std::uint32_t count = 0;
  if (auto problem = source(count)) return problem;
  if (count == 0) return caf::none;
  lane* const way = lane::reading;
  const bool aside = (count & in_lane) != 0;
  std::uint64_t place = 0;
  if ((count & (in_lane | beside_lane)) != 0) {
    count &= ~(in_lane | beside_lane);
    if (!way) return malformed("it is to lie in memory that is not shared");
    if (auto problem = source(place)) return problem;
    if (!aside && !way->forget(place)) return malformed("it names no place in the shared memory");
  }
  if (count > segment_limit) return malformed("too many segments");
  std::vector<std::uint64_t> words(count);
  std::uint64_t total = 0;
  for (std::uint64_t& size : words) {
    if (auto problem = source(size)) return problem;
    if (size > size_limit / sizeof(capnp::word)) return malformed("a segment is too large");
    total += size;
    if (total > size_limit / sizeof(capnp::word)) return malformed("it is too large");
  }
  // Memory is taken for what is there, not for what is claimed to be.
  const auto* bytes = dynamic_cast<const caf::binary_deserializer*>(&source);
  if (bytes && !aside && total * sizeof(capnp::word) > bytes->remaining()) {
    return malformed("it is cut short");
  }
  try {
    std::shared_ptr<const std::byte[]> memory;
    if (aside) {
      memory = way->take(place, total * sizeof(capnp::word));
      if (!memory) return malformed("it names no place in the shared memory");
    } else {
      auto copy = buffer_pool::take(total * sizeof(capnp::word));
      if (total > 0) {
        if (auto problem = source.apply_raw(total * sizeof(capnp::word), copy.get())) {
          return problem;
        }
      }
      memory = std::move(copy);
    }
    auto loaded = std::make_shared<wire_storage>(std::move(memory), words);
    check_message(loaded->received_, schema);
    out = std::move(loaded);
    return caf::none;
  } catch (const kj::Exception& problem) {
    return malformed(problem.getDescription().cStr());
  } catch (const std::exception& problem) {
    return malformed(problem.what());
  }
}

wire_builder_base::wire_builder_base(std::size_t first_words)
    : builder_(std::make_unique<capnp::MallocMessageBuilder>(static_cast<unsigned>(first_words))) {}

std::pair<std::byte*, capnp::Orphan<capnp::Data>> wire_builder_base::external(std::size_t bytes) {
  // A segment without words is none to those who read it, so nothing is no payload of its own.
  if (bytes == 0) return {nullptr, builder_->getOrphanage().newOrphan<capnp::Data>(0)};
  const std::size_t padded = (bytes + 7) / 8 * 8;
  payloads_.push_back(buffer_pool::take(padded));
  std::byte* memory = payloads_.back().get();
  // The last word's padding travels too: never send what the buffer held before.
  if (padded != bytes) std::memset(memory + padded - 8, 0, 8);
  auto orphan = builder_->getOrphanage().referenceExternalData(
      capnp::Data::Reader(reinterpret_cast<const kj::byte*>(memory), bytes));
  return {memory, kj::mv(orphan)};
}

std::shared_ptr<const wire_storage> wire_builder_base::finish_storage() {
  return std::make_shared<const wire_storage>(std::move(builder_), std::move(payloads_));
}

}  // namespace troupe
