#include "terminal.hpp"

#define NCURSES_NOMACROS 1
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <langinfo.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <string>

#include "troupe/base/error.hpp"

namespace troupe::cli {

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// Pairs of colours, by number.
enum pair_number : short { green = 1, yellow, red, cyan, magenta };

attr_t attributes_of(look style, bool colours, short& pair) {
  const auto coloured = [&](pair_number which, attr_t with, attr_t without) {
    pair = colours ? which : 0;
    return colours ? with : without;
  };
  pair = 0;
  switch (style) {
    case look::plain:
      return A_NORMAL;
    case look::dim:
      return A_DIM;
    case look::bold:
      return A_BOLD;
    case look::title:
      return A_REVERSE;
    case look::good:
      return coloured(green, A_NORMAL, A_NORMAL);
    case look::warning:
      return coloured(yellow, A_NORMAL, A_BOLD);
    case look::bad:
      return coloured(red, A_BOLD, A_BOLD);
    case look::loss:
      return coloured(cyan, A_NORMAL, A_NORMAL);
    case look::accuracy:
      return coloured(magenta, A_NORMAL, A_NORMAL);
  }
  return A_NORMAL;
}

}  // namespace

struct terminal::screen {
  SCREEN* handle = nullptr;
  bool colours = false;
};

bool terminal::usable() {
  if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1) return false;
  const std::string name = variable("TERM");
  if (name.empty() || name == "dumb") return false;
  int problem = 0;
  if (setupterm(nullptr, STDOUT_FILENO, &problem) != OK) return false;
  char capability[] = "cup";  // moves the cursor
  const char* moves = tigetstr(capability);
  return moves != nullptr && moves != reinterpret_cast<const char*>(-1);
}

terminal::terminal() : screen_(std::make_unique<screen>()) {
  std::setlocale(LC_CTYPE, "");
  // The console of Linux has few characters, whatever the locale says.
  unicode_ = std::string(nl_langinfo(CODESET)) == "UTF-8" && variable("TERM") != "linux";
  screen_->handle = newterm(nullptr, stdout, stdin);
  if (!screen_->handle) throw run_error("", "the terminal cannot show a screen");
  set_term(screen_->handle);
  cbreak();
  noecho();
  curs_set(0);
  keypad(stdscr, TRUE);
  nodelay(stdscr, TRUE);
  set_escdelay(25);
  screen_->colours = has_colors() && variable("NO_COLOR").empty();
  if (!screen_->colours) return;
  start_color();
  use_default_colors();
  const std::pair<short, short> pairs[] = {{green, COLOR_GREEN},
                                           {yellow, COLOR_YELLOW},
                                           {red, COLOR_RED},
                                           {cyan, COLOR_CYAN},
                                           {magenta, COLOR_MAGENTA}};
  for (const auto& [number, colour] : pairs) init_pair(number, colour, -1);
}

terminal::~terminal() {
  endwin();
  delscreen(screen_->handle);
}

std::pair<int, int> terminal::size() {
  winsize now{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &now) == 0 && now.ws_col > 0 && now.ws_row > 0) {
    if (is_term_resized(now.ws_row, now.ws_col)) {
      resizeterm(now.ws_row, now.ws_col);
      clearok(stdscr, TRUE);
    }
  }
  return {getmaxx(stdscr), getmaxy(stdscr)};
}

void terminal::show(const grid& picture) {
  werase(stdscr);
  for (int y = 0; y < picture.height(); ++y) {
    for (int x = 0; x < picture.width(); ++x) {
      const grid::cell& cell = picture.at(x, y);
      if (cell.glyph == 0) continue;
      short pair = 0;
      const attr_t attributes = attributes_of(cell.style, screen_->colours, pair);
      const wchar_t glyph[] = {static_cast<wchar_t>(cell.glyph), 0};
      cchar_t shown;
      setcchar(&shown, glyph, attributes, pair, nullptr);
      mvwadd_wch(stdscr, y, x, &shown);
    }
  }
  wrefresh(stdscr);
}

key terminal::next_key() {
  switch (wgetch(stdscr)) {
    case ERR:
      return key::none;
    case 'q':
    case 'Q':
      return key::quit;
    case '?':
    case 'h':
      return key::help;
    case 's':
      return key::sort;
    case 'S':
      return key::sort_back;
    case 'r':
      return key::reverse;
    case 'p':
      return key::pause;
    case 'c':
      return key::checkpoint;
    case 'x':
      return key::stop;
    case 'y':
    case 'Y':
      return key::yes;
    case 'n':
    case 'N':
      return key::no;
    case 'k':
    case KEY_UP:
      return key::up;
    case 'j':
    case KEY_DOWN:
      return key::down;
    case KEY_PPAGE:
      return key::page_up;
    case KEY_NPAGE:
      return key::page_down;
    case KEY_HOME:
      return key::home;
    case KEY_END:
      return key::end;
    case 12:  // Ctrl-L
      clearok(stdscr, TRUE);
      return key::redraw;
    case KEY_RESIZE:
      return key::redraw;
    default:
      return key::other;
  }
}

}  // namespace troupe::cli
