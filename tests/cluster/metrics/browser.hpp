#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "cluster/workspace.hpp"

namespace troupe::testing {

/// Chromium without a window, at one page, driven by its debugging protocol; so that a test waits
/// for what the page shows and not for some time. Ended with this.
class browser {
 public:
  /// The program's path; "": there is none.
  static std::string program();

  explicit browser(const workspace& here);
  ~browser();
  browser(const browser&) = delete;
  browser& operator=(const browser&) = delete;

  void open(const std::string& url, bool dark = false, int width = 1280, int height = 1500);
  /// What an expression of the page's script is, as text.
  std::string value_of(const std::string& expression);
  /// Until an expression is true. \returns whether it became so in time.
  bool wait_for(const std::string& condition);
  /// A picture of the page, as PNG.
  std::string picture();
  /// What the page complained of: errors of its script, things its policy forbids.
  std::string complaints();

 private:
  class connection;
  nlohmann::json say(const std::string& method, const nlohmann::json& parameters);

  process running_;
  std::unique_ptr<connection> page_;
  std::string complaints_;
  int number_ = 0;
};

}  // namespace troupe::testing
