#include "troupe/actors/slice_map.hpp"

#include <algorithm>
#include <utility>

namespace troupe {

slice_map::slice_map(std::size_t slices, const std::vector<std::string>& nodes,
                     std::uint32_t replicas)
    : places_(slices), nodes_(nodes), here_(nodes.size(), true), replicas_(replicas) {}

void slice_map::begin(const std::vector<std::uint32_t>& home) {
  for (std::size_t slice = 0; slice < places_.size(); ++slice) {
    places_[slice] = {home[slice], places_[slice].term + 1, {}};
  }
}

std::size_t slice_map::led_by(std::uint32_t server) const {
  return static_cast<std::size_t>(std::count_if(places_.begin(), places_.end(),
                                                [&](const place& p) { return p.home == server; }));
}

bool slice_map::lose(std::uint32_t server, homes& told) {
  here_[server] = false;
  const auto is_it = [&](const backup& b) { return b.server == server; };
  std::vector<place> after = places_;
  for (place& p : after) {
    const auto kept = std::find_if(p.backups.begin(), p.backups.end(), is_it);
    if (kept != p.backups.end()) {
      p.backups.erase(kept);
      told.insert(p.home);
    }
    if (p.home != server) continue;
    const auto heir =
        std::find_if(p.backups.begin(), p.backups.end(), [](const backup& b) { return b.whole; });
    if (heir == p.backups.end()) return false;
    p.home = heir->server;
    ++p.term;
    p.backups.erase(heir);
    told.insert(p.home);
  }
  told.erase(server);
  places_ = std::move(after);
  return true;
}

void slice_map::come(std::uint32_t server, const std::string& node) {
  if (server >= nodes_.size()) {
    nodes_.resize(server + 1);
    here_.resize(server + 1, false);
  }
  here_[server] = true;
  nodes_[server] = node;
  uneven_ = true;
}

bool slice_map::suits(const place& of, std::uint32_t server) const {
  const auto beside = [&](std::uint32_t other) {
    return server == other || (!nodes_[server].empty() && nodes_[server] == nodes_[other]);
  };
  const bool taken = std::any_of(of.backups.begin(), of.backups.end(),
                                 [&](const backup& b) { return beside(b.server); });
  return here_[server] && !taken && !beside(of.home);
}

slice_map::homes slice_map::fill() {
  homes told;
  std::vector<std::size_t> load(nodes_.size(), 0);  // backups at each server
  for (const place& p : places_) {
    for (const backup& b : p.backups) ++load[b.server];
  }
  for (place& p : places_) {
    while (p.backups.size() < replicas_) {
      const auto count = static_cast<std::uint32_t>(nodes_.size());
      std::uint32_t best = count;
      for (std::uint32_t i = 1; i < count; ++i) {
        // From the home's neighbour on, so that equals do not all choose the same one.
        const std::uint32_t server = (p.home + i) % count;
        if (suits(p, server) && (best == count || load[server] < load[best])) best = server;
      }
      if (best == count) break;
      p.backups.push_back({best, ++ids_, false});
      ++load[best];
      told.insert(p.home);
    }
  }
  if (uneven_) back_up_for_heirs(told);
  return told;
}

std::vector<std::size_t> slice_map::homes_at() const {
  std::vector<std::size_t> out(nodes_.size(), 0);
  for (const place& p : places_) ++out[p.home];
  return out;
}

/// Who is to take over a slice has to keep a backup of it first: one more than asked for.
void slice_map::back_up_for_heirs(homes& told) {
  std::vector<std::size_t> load = homes_at();
  const auto move = [&](std::uint32_t from, std::uint32_t to) {
    --load[from];
    ++load[to];
  };
  for (const place& p : places_) {
    if (p.backups.size() > replicas_) move(p.home, p.backups.back().server);
  }
  for (place& p : places_) {
    if (p.backups.size() > replicas_) continue;
    const auto better = [&](std::uint32_t server) { return load[server] + 2 <= load[p.home]; };
    const auto heir = std::find_if(p.backups.begin(), p.backups.end(),
                                   [&](const backup& b) { return better(b.server); });
    if (heir != p.backups.end()) {
      move(p.home, heir->server);
      continue;
    }
    const auto count = static_cast<std::uint32_t>(nodes_.size());
    std::uint32_t least = count;
    for (std::uint32_t server = 0; server < count; ++server) {
      const bool may = suits(p, server) && better(server);
      if (may && (least == count || load[server] < load[least])) least = server;
    }
    if (least == count) continue;
    p.backups.push_back({least, ++ids_, false});
    told.insert(p.home);
    move(p.home, least);
  }
}

bool slice_map::fill(std::size_t slice, std::uint64_t id) {
  for (backup& b : places_[slice].backups) {
    if (b.id == id) return !std::exchange(b.whole, true);
  }
  return false;
}

bool slice_map::all_whole() const {
  return std::all_of(places_.begin(), places_.end(), [](const place& p) {
    return std::all_of(p.backups.begin(), p.backups.end(), [](const backup& b) { return b.whole; });
  });
}

slice_map::homes slice_map::even_out() {
  homes told;
  if (!uneven_) return told;
  std::vector<std::size_t> load = homes_at();
  for (place& p : places_) {
    const auto heir = std::find_if(p.backups.rbegin(), p.backups.rend(), [&](const backup& b) {
      return b.whole && load[b.server] + 2 <= load[p.home];
    });
    if (heir != p.backups.rend()) {
      told.insert(p.home);
      --load[p.home];
      ++load[heir->server];
      std::swap(p.home, heir->server);
      heir->id = ++ids_;  // whole: it holds all that it answered, and what the new home will
      ++p.term;
      told.insert(p.home);
    }
    // One too many, which has served, or is no longer wanted.
    const bool serves = heir == p.backups.rend() && !p.backups.empty() && !p.backups.back().whole;
    if (p.backups.size() > replicas_ && !serves) {
      p.backups.pop_back();
      told.insert(p.home);
    }
  }
  return told;
}

}  // namespace troupe
