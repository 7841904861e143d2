#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "troupe/cluster/report/run_record.hpp"

namespace troupe::page {

/// What an event is about; the page can show each kind alone.
enum class about { run, workers, nodes, servers, moves, checkpoints };
constexpr about all_kinds[] = {about::run,     about::workers, about::nodes,
                               about::servers, about::moves,   about::checkpoints};
const char* word_of(about kind);

/// An event as people tell it.
struct told {
  double time = 0, until = 0;  ///< `until`: of the last one, where several are told as one
  about kind = about::run;
  bool trouble = false;
  std::string text;
};

told tell(const happening& h);

/// All events of a run, at most about `most`: moves and checkpoints in a row become one where there
/// are more, and then the middle is left out, which a line says.
std::vector<told> tell_all(const std::vector<happening>& events, std::size_t most);

/// A number among the facts of an event, which is one of a kind as 0, 1, 2 ...
std::optional<std::uint32_t> index_in(const happening& h, const char* key);
/// A fact as text: a word as it is, all else as JSON; "" where there is none.
std::string fact(const happening& h, const char* key);
/// A number among the facts; not-a-number where it is none.
double amount(const happening& h, const char* key);

}  // namespace troupe::page
