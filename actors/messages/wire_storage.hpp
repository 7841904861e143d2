#pragma once

#include <capnp/any.h>
#include <capnp/message.h>
#include <capnp/schema.h>
#include <capnp/serialize.h>

#include <caf/deserializer.hpp>
#include <caf/error.hpp>
#include <caf/serializer.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "troupe/actors/messages/buffer_pool.hpp"
#include "troupe/base/span.hpp"

namespace troupe {

/// The bytes behind a `wire<T>`: a finished Cap'n Proto message, immutable, shared by reference
/// between all actors of a process that hold it.
class wire_storage {
 public:
  /// Messages above this many bytes are refused before anything is allocated for them.
  static constexpr std::uint64_t size_limit = std::uint64_t{256} << 20;
  static constexpr std::uint32_t segment_limit = 64;

  /// A message built here.
  wire_storage(std::unique_ptr<capnp::MallocMessageBuilder> builder,
               std::vector<buffer_pool::buffer> payloads);
  /// A message that came from elsewhere: its segments, one after the other in `memory`.
  wire_storage(std::shared_ptr<const std::byte[]> memory,
               const std::vector<std::uint64_t>& segment_words);

  capnp::AnyStruct::Reader root() const noexcept { return root_; }
  std::vector<kj::ArrayPtr<const capnp::word>> segments() const;

  /// Writes the segment table, then each segment as it lies in memory.
  static caf::error save(caf::serializer& sink, const wire_storage* storage);
  /// Reads what `save` wrote and checks every pointer against `schema`, so that no later read of
  /// a field can fail. Malformed or oversized input is an error, never an exception; null for
  /// the empty message.
  static caf::error load(caf::deserializer& source, capnp::StructSchema schema,
                         std::shared_ptr<const wire_storage>& out);

 private:
  std::unique_ptr<capnp::MallocMessageBuilder> builder_;
  std::vector<buffer_pool::buffer> payloads_;  // outlives nothing: the builder refers to it
  std::shared_ptr<const std::byte[]> memory_;
  std::vector<kj::ArrayPtr<const capnp::word>> received_;
  std::unique_ptr<capnp::SegmentArrayMessageReader> reader_;
  capnp::AnyStruct::Reader root_;
};

/// The message being written. Large payloads do not lie in Cap'n Proto's own memory, which it
/// must zero first, but in a pooled buffer that the message refers to.
class wire_builder_base {
 public:
  explicit wire_builder_base(std::size_t first_words = 64);

 protected:
  /// Uninitialised memory for `bytes` bytes, which the caller fills before the message is
  /// finished, and the orphan to adopt as the message's Data field.
  std::pair<std::byte*, capnp::Orphan<capnp::Data>> external(std::size_t bytes);
  std::shared_ptr<const wire_storage> finish_storage();

  std::unique_ptr<capnp::MallocMessageBuilder> builder_;
  std::vector<buffer_pool::buffer> payloads_;
};

}  // namespace troupe
