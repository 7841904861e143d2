#include "troupe/config/yaml/parser.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

#include "troupe/base/error.hpp"

namespace troupe::yaml {

namespace {

/// What one node costs beside its text, for the bound on the size of the tree.
constexpr std::size_t node_cost = 64;

std::size_t size_of(const node& n) {
  std::size_t size = node_cost + n.text.size();
  for (const node& item : n.items) size += size_of(item);
  for (const node::entry& e : n.entries) size += e.name.size() + size_of(e.value);
  return size;
}

/// Builds the tree from yaml-cpp's events, the one level at which it shows everything.
class builder : public YAML::EventHandler {
 public:
  builder(const std::string& name, bool with_lines)
      : source_(std::make_shared<const std::string>(name)), with_lines_(with_lines) {
    root_.at.source = source_;
  }

  void OnDocumentStart(const YAML::Mark& at) override {
    if (++documents_ > 1) fail(at, "a job is one document; a second one starts here");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& at, YAML::anchor_t anchor) override {
    refuse_as_key(at, "an empty key");
    node n;
    // An empty value has no place of its own: yaml-cpp reports that of whatever comes next.
    n.at =
        open_.empty() || !open_.back().tree.is(node::kind::map) ? place(at) : open_.back().key_at;
    finish(std::move(n), anchor);
  }

  void OnAlias(const YAML::Mark& at, YAML::anchor_t anchor) override {
    refuse_as_key(at, "an alias as a key");
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) fail(at, "this alias stands inside of what it repeats");
    grow(at, size_of(found->second));
    node copy = found->second;
    copy.at = place(at);
    attach(std::move(copy));
  }

  void OnScalar(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_tag(at, tag);
    grow(at, node_cost + value.size());
    if (wants_key()) return take_key(at, value);
    node n;
    n.type = node::kind::scalar;
    n.text = value;
    n.plain = tag != "!";
    n.at = place(at);
    finish(std::move(n), anchor);
  }

  void OnSequenceStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    start(at, tag, anchor, node::kind::list);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    start(at, tag, anchor, node::kind::map);
  }
  void OnMapEnd() override { end(); }

  node take() { return std::move(root_); }

  /// yaml-cpp counts lines and columns from 0.
  mark place(const YAML::Mark& at) const {
    return with_lines_ && !at.is_null() ? mark{source_, at.line + 1, at.column + 1}
                                        : mark{source_, 0, 0};
  }

 private:
  struct frame {
    node tree;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    std::string key;
    mark key_at;
  };

  [[noreturn]] void fail(const YAML::Mark& at, const std::string& message) const {
    throw job_error(place(at).text(), one_line(message));
  }

  bool wants_key() const {
    return !open_.empty() && open_.back().tree.is(node::kind::map) && !open_.back().has_key;
  }

  void refuse_as_key(const YAML::Mark& at, const char* what) const {
    if (wants_key()) fail(at, fmt::format("a key must be a word, not {}", what));
  }

  /// yaml-cpp gives "?" to plain scalars and collections, "!" to quoted scalars.
  void refuse_tag(const YAML::Mark& at, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    fail(at, fmt::format("a job has no tags; leave '{}' out", tag));
  }

  void grow(const YAML::Mark& at, std::size_t size) {
    size_ += size;
    if (size_ > most_size) fail(at, "the job is too large with its aliases written out");
  }

  void take_key(const YAML::Mark& at, const std::string& name) {
    if (name == "<<") fail(at, "a job has no merge keys (<<); write the keys out");
    frame& top = open_.back();
    for (const node::entry& e : top.tree.entries) {
      if (e.name == name) {
        const std::string before = with_lines_ ? fmt::format(" (first in line {})", e.at.line) : "";
        fail(at, fmt::format("duplicate key '{}'{}", name, before));
      }
    }
    top.has_key = true;
    top.key = name;
    top.key_at = place(at);
  }

  void start(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor, node::kind type) {
    refuse_as_key(at, "a list or a map");
    refuse_tag(at, tag);
    grow(at, node_cost);
    if (open_.size() >= most_depth) {
      fail(at, fmt::format("more than {} maps and lists in each other", most_depth));
    }
    frame f;
    f.tree.type = type;
    f.tree.at = place(at);
    f.anchor = anchor;
    open_.push_back(std::move(f));
  }

  void end() {
    frame done = std::move(open_.back());
    open_.pop_back();
    finish(std::move(done.tree), done.anchor);
  }

  void finish(node n, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) anchors_[anchor] = n;
    attach(std::move(n));
  }

  void attach(node n) {
    if (open_.empty()) {
      root_ = std::move(n);
      return;
    }
    frame& top = open_.back();
    if (top.tree.is(node::kind::list)) {
      top.tree.items.push_back(std::move(n));
      return;
    }
    top.tree.entries.push_back({std::move(top.key), top.key_at, std::move(n)});
    top.has_key = false;
  }

  std::shared_ptr<const std::string> source_;
  bool with_lines_;
  int documents_ = 0;
  std::size_t size_ = 0;
  node root_;
  std::vector<frame> open_;
  std::map<YAML::anchor_t, node> anchors_;
};

/// yaml-cpp's words for a tab in the indentation never mention the tab.
bool tab_indents(const std::string& text, int line) {
  std::istringstream lines(text);
  std::string content;
  for (int i = 0; i <= line && std::getline(lines, content); ++i) {
    const std::size_t blank = std::min(content.find_first_not_of(" \t"), content.size());
    if (i + 1 >= line && content.find('\t') < blank) return true;
  }
  return false;
}

void refuse_control_characters(const std::string& text, const std::string& name) {
  int line = 1, column = 1;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\r' && c != '\t') || byte == 0x7f) {
      throw job_error(fmt::format("{}:{}:{}", name, line, column),
                      fmt::format("the byte 0x{:02x} does not belong into a text file", byte));
    }
    line += c == '\n' ? 1 : 0;
    column = c == '\n' ? 1 : column + 1;
  }
}

node build(const std::string& text, const std::string& name, bool with_lines) {
  if (text.size() > most_bytes) {
    throw job_error(name, fmt::format("larger than {} bytes: this is no job", most_bytes));
  }
  builder events(name, with_lines);
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(events)) continue;
  } catch (const YAML::Exception& e) {
    std::string message = "no valid YAML: " + e.msg;
    if (tab_indents(text, e.mark.line)) message = "a tab indents this line; YAML wants blanks";
    if (e.msg == YAML::ErrorMsg::DOC_IN_SCALAR) message = "a quote above is not closed";
    throw job_error(events.place(e.mark).text(), one_line(message));
  }
  return events.take();
}

}  // namespace

node parse(const std::string& text, const std::string& name) {
  refuse_control_characters(text, name);
  // yaml-cpp closes a quote at the end of the file without a word, but not before a document's end.
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  const bool ended =
      last != std::string::npos && last >= 2 && text.compare(last - 2, 3, "...") == 0;
  const bool whole_line = !text.empty() && text.back() == '\n';
  return build(ended ? text : text + (whole_line ? "...\n" : "\n...\n"), name, true);
}

node parse_option(const std::string& text, const std::string& option) {
  return build(text, option, false);
}

}  // namespace troupe::yaml
