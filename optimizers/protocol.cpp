#include "troupe/optimizers/protocol.hpp"

#include <algorithm>

namespace troupe {

#define TROUPE_PROTOCOL(name) protocol_entry name##_protocol();
#include "troupe/optimizers/protocols.def"
#undef TROUPE_PROTOCOL

registry<protocol_entry> builtin_protocols() {
  registry<protocol_entry> known;
#define TROUPE_PROTOCOL(name) known.add(name##_protocol());
#include "troupe/optimizers/protocols.def"
#undef TROUPE_PROTOCOL
  return known;
}

bool server_half::apply_round(span<const commit_view> commits, span<const float> center,
                              span<float> next, std::size_t& culprit) {
  if (commits.empty()) copy(center, next.data());
  span<const float> from = center;
  for (std::size_t i = 0; i < commits.size(); ++i) {
    if (!apply(commits[i], from, next)) {
      culprit = i;
      return false;
    }
    from = next;
  }
  return true;
}

const protocol_entry& find_protocol(const registry<protocol_entry>& known, const std::string& name,
                                    const std::string& place) {
  for (const protocol_entry& entry : known.entries()) {
    const auto& aliases = entry.aliases;
    if (std::find(aliases.begin(), aliases.end(), name) != aliases.end()) return entry;
  }
  return known.at(name, place, "protocol");
}

}  // namespace troupe
