#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace troupe {

/// Which parameter server is home to each slice, and which keep a backup of it. Decides who takes
/// over from one that is lost, and who keeps new backups. Pure; the supervisor tells the servers.
///
/// Whatever a home answers its backups hold (see schema::Lead). So any backup that is whole may
/// become the home, and the home itself is one to the next.
class slice_map {
 public:
  struct backup {
    std::uint32_t server = 0;
    std::uint64_t id = 0;  ///< of this backup among all there ever were
    bool whole = false;    ///< it holds what it must
  };
  struct place {
    std::uint32_t home = 0;
    std::uint64_t term = 0;  ///< counts its homes
    std::vector<backup> backups;
  };
  /// Homes that are to be told anew what they lead.
  using homes = std::set<std::uint32_t>;

  /// `nodes`: of each server; home and backups are on different ones, where they are known.
  slice_map(std::size_t slices, const std::vector<std::string>& nodes, std::uint32_t replicas);

  /// All slices begin anew at these homes, without backups.
  void begin(const std::vector<std::uint32_t>& home);

  const place& at(std::size_t slice) const { return places_[slice]; }
  std::size_t size() const noexcept { return places_.size(); }
  std::size_t servers() const noexcept { return nodes_.size(); }
  std::size_t led_by(std::uint32_t server) const;
  bool is_here(std::uint32_t server) const { return here_[server]; }

  /// This server is lost. Where it was home to a slice a whole backup is now.
  /// \returns false where one had none: nothing is changed but that this one is lost.
  bool lose(std::uint32_t server, homes& told);
  /// It is played again, or for the first time, and holds nothing.
  void come(std::uint32_t server, const std::string& node);
  /// Gives slices the backups they lack, as far as there are servers; and one to a server that has
  /// come and is to take them over.
  homes fill();
  /// This backup holds its slice. \returns whether it is news.
  bool fill(std::size_t slice, std::uint64_t id);
  /// Whether every slice has all the backups it was given.
  bool all_whole() const;
  /// Homes go to servers that have two less than another, and a whole backup.
  homes even_out();

 private:
  std::vector<std::size_t> homes_at() const;
  void back_up_for_heirs(homes& told);
  bool suits(const place& of, std::uint32_t server) const;

  std::vector<place> places_;
  std::vector<std::string> nodes_;  // of each server
  std::vector<bool> here_;
  std::uint32_t replicas_;
  std::uint64_t ids_ = 0;
  bool uneven_ = false;  // a server has come that leads nothing
};

}  // namespace troupe
