#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "troupe/base/settings.hpp"
#include "troupe/config/job.hpp"
#include "troupe/config/yaml/node.hpp"
#include "troupe/config/yaml/writer.hpp"

namespace troupe {

/// One key of a section of the job file, declared once: reading, checking, writing and the
/// reference page walk these tables. Most keys are *plain*: one value, bound to a member of
/// `Target`. The others (layers, sources ...) bring their own reading and writing.
template <class Target>
struct key {
  setting declaration;  ///< of a special key: name, meaning, required

  /// Plain keys. `get` is empty where the member is not set.
  std::function<std::optional<setting_value>(const Target&)> get;
  std::function<void(Target&, const setting_value&)> set;

  /// Special keys. `path` is the key's own: "model.layers".
  std::string form;  ///< how it is written, for the reference page
  std::function<void(Target&, const yaml::node&, const catalogue&)> read;
  std::function<void(const Target&, yaml::writer&)> write;

  bool plain() const { return static_cast<bool>(set); }
};

/// A map of the job file. Sections inside of a section have its path in front: "training.stop".
struct section {
  std::string path;
  std::string meaning;
  std::vector<key<job>> keys;
  /// For a section that changes something by being there: whether it is, and making it.
  std::function<bool(const job&)> present = {};
  std::function<void(job&)> create = {};

  std::string name() const { return path.substr(path.rfind('.') + 1); }
  std::string parent() const;
  const key<job>* find(const std::string& key_name) const;
  /// "data.rows"; the names of the outermost section stand alone.
  std::string path_of(const std::string& key_name) const;
};

/// Every section, each before those inside of it; the first is the job itself, with path "".
const std::vector<section>& job_sections();
/// The keys of an item of `cluster.nodes`.
const std::vector<key<node_spec>>& node_keys();

namespace detail {

template <class T>
struct plain_type {
  using type = T;
};
template <class T>
struct plain_type<std::optional<T>> {
  using type = T;
};

template <class T>
T from_value(const setting_value& value) {
  if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, std::string> ||
                std::is_same_v<T, double>) {
    return std::get<T>(value);
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(std::get<std::int64_t>(value));
  } else {
    const integers& list = std::get<integers>(value);
    return T(list.begin(), list.end());
  }
}

template <class T>
std::optional<setting_value> to_value(const T& member) {
  if constexpr (!std::is_same_v<typename plain_type<T>::type, T>) {
    return member ? to_value(*member) : std::nullopt;
  } else if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, std::string> ||
                       std::is_same_v<T, double>) {
    return setting_value(member);
  } else if constexpr (std::is_integral_v<T>) {
    return setting_value(static_cast<std::int64_t>(member));
  } else {
    return setting_value(integers(member.begin(), member.end()));
  }
}

/// Follows pointers to members, through optionals, which `for_writing` makes.
template <bool for_writing, class Object, class Member>
auto* follow(Object* object, Member member) {
  return object ? &(object->*member) : nullptr;
}

template <class T>
T* inside(T* object, bool) {
  return object;
}
template <class T>
T* inside(std::optional<T>* object, bool make) {
  if (object && make && !*object) object->emplace();
  return object && *object ? &**object : nullptr;
}
template <class T>
const T* inside(const std::optional<T>* object, bool) {
  return object && *object ? &**object : nullptr;
}

template <bool for_writing, class Object, class Member, class... Rest>
auto* follow(Object* object, Member member, Rest... rest) {
  auto* next = object ? &(object->*member) : nullptr;
  return follow<for_writing>(inside(next, for_writing), rest...);
}

}  // namespace detail

/// A job of defaults, with the optional sections that have some.
const job& default_job();

/// A plain key bound to the member that `members` lead to from a Target. What the struct starts
/// with is the default; a required key has none.
template <class Target, class... Members>
key<Target> bound(setting declaration, Members... members) {
  key<Target> k;
  k.get = [members...](const Target& object) -> std::optional<setting_value> {
    const auto* member = detail::follow<false>(&object, members...);
    return member ? detail::to_value(*member) : std::nullopt;
  };
  k.set = [members...](Target& object, const setting_value& value) {
    auto* member = detail::follow<true>(&object, members...);
    using type = std::decay_t<decltype(*member)>;
    *member = detail::from_value<typename detail::plain_type<type>::type>(value);
  };
  k.declaration = std::move(declaration);
  if (!k.declaration.required) {
    if constexpr (std::is_same_v<Target, job>) {
      k.declaration.fallback = k.get(default_job());
    } else {
      k.declaration.fallback = k.get(Target());
    }
  }
  return k;
}

}  // namespace troupe
