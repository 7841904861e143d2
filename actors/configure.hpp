#pragma once

#include <caf/actor_system_config.hpp>
#include <caf/error.hpp>
#include <caf/result.hpp>
#include <exception>
#include <string>

#include "troupe/base/error.hpp"

namespace troupe {

/// Prepares a CAF configuration for Troupe's actors: its message types, how its errors read, and
/// the scheduler settings that suit it. Must be called before the actor_system is made; a system
/// made without it cannot run a job (see `require_configured`).
void configure(caf::actor_system_config& config);

/// \throws error (run) unless `configure` was called on the system's configuration.
void require_configured(const caf::actor_system_config& config);

/// The error an actor of ours ends with: one line, naming the actor unless that is "".
caf::error actor_failure(const std::string& actor, const std::string& why);

/// The line of `actor_failure`, or CAF's own words for its errors.
std::string text_of(const caf::error& problem, const caf::actor_system_config& config);

/// What an exception says, fit to be shown.
std::string what_of(const std::exception_ptr& problem);

/// Makes an exception in a handler end the actor with `actor_failure(name, what)`; whoever
/// monitors it learns the reason.
template <class Self>
void fail_on_exception(Self* self, const std::string& name) {
  self->set_exception_handler([name](std::exception_ptr& problem) -> caf::error {
    return actor_failure(name, what_of(problem));
  });
}

/// A handler's answer: what `f` returns, or, where it throws an expected failure (`error`: a
/// message that does not fit), that as the answer. The actor goes on.
template <class T, class Function>
caf::result<T> answer(const std::string& name, Function f) {
  try {
    return f();
  } catch (const error& e) {
    return actor_failure(name, e.what());
  }
}

}  // namespace troupe
