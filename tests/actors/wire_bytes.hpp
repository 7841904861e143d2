#pragma once

#include <capnp/dynamic.h>

#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "troupe/actors/messages/data.capnp.h"
#include "troupe/actors/messages/training.capnp.h"
#include "troupe/actors/messages/wire.hpp"
#include "troupe/actors/messages/work.capnp.h"

namespace troupe::testing {

using wire_bytes = std::vector<char>;

/// No actor handles travel in these messages, so nobody needs to be named.
inline caf::execution_unit* nobody() {
  return nullptr;
}

/// What goes over the network for this message.
template <class T>
wire_bytes bytes_of(wire<T> message) {
  wire_bytes out;
  caf::binary_serializer sink(nobody(), out);
  if (const auto problem = sink(message)) throw std::runtime_error("sink");
  return out;
}

template <class T>
caf::error load(const wire_bytes& bytes, wire<T>& out) {
  caf::binary_deserializer source(nobody(), bytes);
  return source(out);
}

/// Reads every field, every element and every byte; the sum only keeps the reads alive.
inline std::uint64_t read_all(capnp::DynamicValue::Reader value) {
  using type = capnp::DynamicValue;
  std::uint64_t sum = 1;
  switch (value.getType()) {
    case type::BOOL:
      return value.as<bool>() ? 1 : 0;
    case type::INT:
      return static_cast<std::uint64_t>(value.as<std::int64_t>());
    case type::UINT:
      return value.as<std::uint64_t>();
    case type::FLOAT:
      return value.as<double>() > 0 ? 1 : 0;
    case type::ENUM:
      return value.as<capnp::DynamicEnum>().getRaw();
    case type::TEXT:
      for (const char c : value.as<capnp::Text>()) sum += static_cast<unsigned char>(c);
      return sum;
    case type::DATA:
      for (const kj::byte b : value.as<capnp::Data>()) sum += b;
      return sum;
    case type::LIST:
      for (auto item : value.as<capnp::DynamicList>()) sum += read_all(item);
      return sum;
    case type::STRUCT: {
      const auto structure = value.as<capnp::DynamicStruct>();
      for (auto field : structure.getSchema().getFields()) sum += read_all(structure.get(field));
      return sum;
    }
    default:
      return 0;
  }
}

template <class T>
std::uint64_t read_all(const wire<T>& message) {
  return read_all(capnp::DynamicStruct::Reader(*message));
}

/// A message of each schema type with every field set, of moderate size.
template <class T>
wire<T> sample();

template <class Builder>
void set_payload(Builder& out, std::size_t count) {
  span<float> values = out.floats(count, [&](auto&& d) { out->adoptPayload(kj::mv(d)); });
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(i) / 7;
}

template <>
inline wire<schema::Install> sample() {
  wire_builder<schema::Install> out;
  out->setRun(0x0123456789abcdef);
  out->setSlice(3);
  out->setFirst(48);
  out->setVersion(5);
  out->setStatistics(true);
  set_payload(out, 5);
  return std::move(out).finish();
}

template <>
inline wire<schema::Commit> sample() {
  wire_builder<schema::Commit> out;
  out->setRun(0x0123456789abcdef);
  out->setSlice(3);
  out->setWorker(2);
  out->setIncarnation(1);
  out->setSequence(17);
  out->setBaseVersion(40);
  out->setMiniBatches(5);
  out->setRows(80);
  set_payload(out, 33);
  return std::move(out).finish();
}

template <>
inline wire<schema::Verdict> sample() {
  wire_builder<schema::Verdict> out;
  out->setSlice(3);
  out->setSequence(17);
  out->setKind(schema::Verdict::Kind::REFUSED);
  out->setReason("it holds a number that is not finite");
  out->setStaleness(4);
  out->setNotFinite(true);
  return std::move(out).finish();
}

template <>
inline wire<schema::Center> sample() {
  wire_builder<schema::Center> out;
  out->setSlice(3);
  out->setVersion(41);
  set_payload(out, 16);
  return std::move(out).finish();
}

template <>
inline wire<schema::Pull> sample() {
  wire_builder<schema::Pull> out;
  out->setRun(7);
  out->setSlice(3);
  return std::move(out).finish();
}

template <>
inline wire<schema::Fetch> sample() {
  wire_builder<schema::Fetch> out;
  out->setRun(7);
  out->setEpoch(2);
  out->setFirst(100);
  out->setLast(164);
  return std::move(out).finish();
}

template <>
inline wire<schema::Rows> sample() {
  wire_builder<schema::Rows> out;
  out->setEpoch(2);
  out->setFirst(100);
  out->setLast(103);
  out->setRows(3);
  out->setType(schema::ElementType::F32);
  auto features = out.bytes(3 * 7, [&](auto&& d) { out->adoptFeatures(kj::mv(d)); });
  std::fill(features.begin(), features.end(), std::byte{9});
  auto labels = out.floats(3, [&](auto&& d) { out->adoptLabels(kj::mv(d)); });
  std::fill(labels.begin(), labels.end(), 1.0f);
  return std::move(out).finish();
}

template <>
inline wire<schema::Route> sample() {
  wire_builder<schema::Route> out;
  out->setRun(7);
  auto slices = out->initSlices(17);
  for (unsigned i = 0; i < 17; ++i) slices.set(i, i % 2);
  auto firsts = out->initShardFirst(3);
  for (unsigned i = 0; i < 3; ++i) firsts.set(i, std::uint64_t{20000} * i);
  return std::move(out).finish();
}

template <>
inline wire<schema::Ready> sample() {
  wire_builder<schema::Ready> out;
  out->setWorker(2);
  out->setIncarnation(1);
  return std::move(out).finish();
}

template <>
inline wire<schema::Assign> sample() {
  wire_builder<schema::Assign> out;
  out->setLease(9);
  out->setEpoch(1);
  out->setFirst(160);
  out->setLast(240);
  return std::move(out).finish();
}

template <>
inline wire<schema::Progress> sample() {
  wire_builder<schema::Progress> out;
  out->setWorker(2);
  out->setIncarnation(1);
  out->setSequence(17);
  out->setEpoch(1);
  auto ranges = out->initRanges(3);
  for (unsigned i = 0; i < 3; ++i) {
    ranges[i].setFirst(std::uint64_t{100} * i);
    ranges[i].setLast(std::uint64_t{100} * i + 80);
  }
  out->setRows(240);
  out->setMiniBatches(15);
  out->setCommitted(true);
  out->setLossSum(12.5);
  out->setCorrect(200);
  out->setSeconds(0.25);
  out->setStaleness(1.5);
  out->setRepeats(1);
  out->setBytesSent(1000);
  out->setBytesReceived(2000);
  return std::move(out).finish();
}

template <>
inline wire<schema::Diverged> sample() {
  wire_builder<schema::Diverged> out;
  out->setWorker(2);
  out->setEpoch(1);
  out->setPosition(160);
  out->setMiniBatch(11);
  out->setSlice(-1);
  out->setReason("the loss is not finite");
  return std::move(out).finish();
}

/// Calls f with a sample of every message that travels.
template <class Function>
void for_every_message(Function f) {
  f(sample<schema::Install>());
  f(sample<schema::Commit>());
  f(sample<schema::Verdict>());
  f(sample<schema::Center>());
  f(sample<schema::Pull>());
  f(sample<schema::Fetch>());
  f(sample<schema::Rows>());
  f(sample<schema::Route>());
  f(sample<schema::Ready>());
  f(sample<schema::Assign>());
  f(sample<schema::Progress>());
  f(sample<schema::Diverged>());
}

}  // namespace troupe::testing
