#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "grid.hpp"
#include "run_view.hpp"

namespace troupe::cli {

/// How whoever watches wants to see it.
struct layout_choice {
  bool unicode = true;
  std::string sort = "worker";  ///< the head of a column
  bool reversed = false;
  std::size_t first = 0;  ///< of the workers, as sorted, that is shown
  bool help = false;
  std::string question;  ///< in the last line, instead of the keys; "": none
  std::string message;   ///< there, too: how a key went
  bool message_bad = false;
};

/// What of the workers a screen has room for; `choice` is kept within it.
struct layout_facts {
  std::size_t rows = 0;            ///< workers that are shown at once
  std::vector<std::string> sorts;  ///< columns that can be sorted by
};

/// The monitor's screen. Of what is too much for its size, the least important is left out; nothing
/// is too small. Moves `choice.first` to where there are workers.
grid draw(const run_view& of, layout_choice& choice, int width, int height,
          layout_facts* facts = nullptr);

/// The run on one line, for where there is no screen: "12.0 s  training  epoch 2/5 ...".
std::string one_line(const run_view& of);

}  // namespace troupe::cli
