#pragma once

#include <string>
#include <vector>

namespace troupe::page {

/// Text that can stand in an element or in a quoted attribute. What is no UTF-8, or no character
/// that a page may have, becomes U+FFFD.
std::string escaped(const std::string& text);

/// "480,000"; "-" for what is no number, as in all of these.
std::string count_text(double count);
/// "2.84 GB"
std::string bytes_text(double bytes);
/// "0.25 s", "9.2 s", "3 min 28 s", "2 h 5 min"
std::string seconds_text(double seconds);
/// Four digits: "0.9917", "1.234e-05"
std::string number_text(double value);
/// "1 worker", "2 workers"
std::string counted(double count, const std::string& noun);

/// A cell of a table. Numbers stand at the right; a share from 0 to 1 draws a bar behind them.
struct cell {
  std::string text;
  bool number = false;
  double share = -1;
  /// 0 is the first colour of the charts; of a square before the text. Below 0: none.
  int look = -1;
};

/// A table that scrolls by itself where it is too wide. `caption` is for who cannot see where it
/// stands.
std::string table(const std::string& caption, const std::vector<std::string>& heads,
                  const std::vector<std::vector<cell>>& rows);

/// The colour and the strokes of the series with this number, as classes.
std::string look_of(std::size_t index);

}  // namespace troupe::page
