#include "troupe/actors/configure.hpp"

#include <caf/all.hpp>
#include <thread>

#include "troupe/actors/cast.hpp"
#include "troupe/base/error.hpp"

namespace troupe {

namespace {

constexpr auto category = caf::atom("troupe");

std::string render(std::uint8_t, caf::atom_value, const caf::message& context) {
  if (context.match_elements<std::string>()) return context.get_as<std::string>(0);
  return "an actor failed";
}

}  // namespace

void configure(caf::actor_system_config& config) {
  config.add_message_types<caf::id_block::troupe>();
  config.add_error_category(category, render);
  // Work stealing lets idle threads sleep up to 10 ms; sharing wakes them at once.
  config.set("scheduler.policy", caf::atom("sharing"));
  const std::size_t cores = std::max(1u, std::thread::hardware_concurrency());
  config.set("scheduler.max-threads", cores);
  config.set("middleman.workers", std::size_t{0});
}

void require_configured(const caf::actor_system_config& config) {
  if (config.error_renderers.count(category) == 0) {
    throw run_error("", "the actor_system was made without troupe::configure(config)");
  }
}

caf::error actor_failure(const std::string& actor, const std::string& why) {
  return {1, category, caf::make_message(actor.empty() ? why : actor + ": " + why)};
}

std::string what_of(const std::exception_ptr& problem) {
  try {
    std::rethrow_exception(problem);
  } catch (const std::bad_alloc&) {
    return "out of memory";
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an unknown exception";
  }
}

std::string text_of(const caf::error& problem, const caf::actor_system_config& config) {
  if (!problem) return "it ended by itself";
  if (problem == caf::exit_reason::remote_link_unreachable) return "the connection broke";
  const auto found = config.error_renderers.find(problem.category());
  if (found == config.error_renderers.end()) return caf::to_string(problem);
  return found->second(problem.code(), problem.category(), problem.context());
}

}  // namespace troupe
