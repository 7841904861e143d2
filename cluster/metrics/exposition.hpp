#pragma once

#include <string>
#include <utility>
#include <vector>

namespace troupe {

/// Numbers in the text format that Prometheus reads (version 0.0.4): families, each with what it
/// means, and the samples of each.
class exposition {
 public:
  enum class kind { counter, gauge };
  using labels = std::vector<std::pair<std::string, std::string>>;

  /// What the next samples are of. A family without samples is left out. Once for each name.
  void family(const std::string& name, kind of, const std::string& help);
  /// A label without a value is left out, as Prometheus does.
  void sample(double value, const labels& of = {});

  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_, name_, head_;
};

}  // namespace troupe
