#pragma once

#include <caf/meta/type_name.hpp>
#include <memory>
#include <type_traits>
#include <utility>

#include "troupe/actors/messages/wire_storage.hpp"

namespace troupe {

/// One immutable Cap'n Proto message of schema type T as one element of a CAF message.
///
/// Inside a process it is shared by reference: a receiver reads the memory its sender wrote.
/// Between nodes its segments are streamed as they lie, one copy out and one in (none in where both
/// share a lane), and checked against the schema on arrival (see wire_storage::load): a handler may
/// read any field without fear of an exception. May also be empty (a default-made one), for "no
/// centre comes with this answer". Take it as `const wire<T>&` in handlers; a mutable reference
/// makes CAF copy.
template <class T>
class wire {
 public:
  wire() = default;
  explicit wire(std::shared_ptr<const wire_storage> storage) : storage_(std::move(storage)) {}

  bool empty() const noexcept { return storage_ == nullptr; }

  /// The message, valid as long as any wire shares it; of an empty wire, all defaults: a peer may
  /// send one where a message is expected.
  typename T::Reader operator*() const {
    if (!storage_) return {};
    return storage_->root().template as<T>();
  }

  /// Same message, not equal content: what tests and CAF's matching need.
  friend bool operator==(const wire& a, const wire& b) { return a.storage_ == b.storage_; }

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, wire& x) {
    if constexpr (std::is_base_of_v<caf::serializer, Inspector>) {
      return wire_storage::save(f, x.storage_.get());
    } else if constexpr (std::is_base_of_v<caf::deserializer, Inspector>) {
      return wire_storage::load(f, capnp::Schema::from<T>(), x.storage_);
    } else {
      return f(caf::meta::type_name("wire"));  // logs show the type, not the bytes
    }
  }

 private:
  std::shared_ptr<const wire_storage> storage_;
};

/// Writes one message:
///
///     wire_builder<schema::Commit> commit;
///     commit->setWorker(3);
///     span<float> payload =
///         commit.floats(n, [&](auto&& data) { commit->adoptPayload(kj::mv(data)); });
///     ... fill payload ...
///     wire<schema::Commit> message = std::move(commit).finish();
template <class T>
class wire_builder : public wire_builder_base {
 public:
  wire_builder() : root_(builder_->template initRoot<T>()) {}

  typename T::Builder* operator->() { return &root_; }
  typename T::Builder& operator*() { return root_; }

  /// Uninitialised payload of `count` floats inside the message; `adopt` hangs it into a field.
  template <class Adopt>
  span<float> floats(std::size_t count, Adopt adopt) {
    auto [memory, orphan] = external(count * sizeof(float));
    adopt(kj::mv(orphan));
    return {reinterpret_cast<float*>(memory), count};
  }

  template <class Adopt>
  span<std::byte> bytes(std::size_t count, Adopt adopt) {
    auto [memory, orphan] = external(count);
    adopt(kj::mv(orphan));
    return {memory, count};
  }

  wire<T> finish() && { return wire<T>(finish_storage()); }

 private:
  typename T::Builder root_;
};

/// A payload of float32 as it lies in a message; the bytes beyond a whole number of floats are
/// left out.
inline span<const float> floats_of(capnp::Data::Reader data) {
  return {reinterpret_cast<const float*>(data.begin()), data.size() / sizeof(float)};
}

}  // namespace troupe
