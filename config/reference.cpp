#include "troupe/config/reference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <utility>

#include "troupe/config/check_optimizer.hpp"
#include "troupe/config/sections/key.hpp"
#include "troupe/config/yaml/writer.hpp"

namespace troupe {

namespace {

/// "1 to 4096", "> 0, <= 1", or the one side that is bounded.
std::string range(const setting& s) {
  const bool low = std::isfinite(s.least), high = std::isfinite(s.most);
  if (low && high && !s.least_excluded && !s.most_excluded) {
    return fmt::format("{} to {}", s.least, s.most);
  }
  std::string text;
  if (low) text += fmt::format("{} {}", s.least_excluded ? ">" : ">=", s.least);
  if (low && high) text += ", ";
  if (high) text += fmt::format("{} {}", s.most_excluded ? "<" : "<=", s.most);
  return text;
}

std::string choices(const setting& s) {
  std::string text;
  for (const std::string& choice : s.choices) text += (text.empty() ? "`" : ", `") + choice + "`";
  return text;
}

/// Summaries come as sentences and as phrases; a paragraph is a sentence.
std::string sentence(std::string text) {
  if (text.empty()) return text;
  if (std::islower(static_cast<unsigned char>(text[0]))) {
    text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  }
  if (text.back() != '.') text += '.';
  return text;
}

/// The first sentence as a phrase, for a table.
std::string phrase(std::string text) {
  text.resize(std::min(text.find('.'), text.size()));
  if (!text.empty()) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text;
}

/// A table cell: one line, and no bar that would end it.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '|' ? "\\|" : std::string(1, c == '\n' ? ' ' : c);
  return out;
}

std::string default_of(const setting& s) {
  if (s.required) return "*required*";
  return s.fallback ? "`" + yaml::flow(*s.fallback) + "`" : "";
}

std::string value_of(const setting& s) {
  return s.choices.empty() ? allowed(s) : choices(s);
}

bool same(const setting& a, const setting& b) {
  return a.name == b.name && a.meaning == b.meaning && a.type == b.type &&
         a.fallback == b.fallback && a.required == b.required && a.choices == b.choices &&
         a.least == b.least && a.most == b.most;
}

bool among(const setting& s, const std::vector<setting>& all) {
  return std::any_of(all.begin(), all.end(), [&](const setting& other) { return same(s, other); });
}

/// Options that every entry has alike: said once.
template <class Entry>
std::vector<setting> shared_options(const registry<Entry>& known) {
  std::vector<setting> shared;
  if (known.entries().size() < 2) return shared;
  for (const setting& s : known.entries().front().options) {
    const auto& all = known.entries();
    if (std::all_of(all.begin(), all.end(), [&](const Entry& e) { return among(s, e.options); })) {
      shared.push_back(s);
    }
  }
  return shared;
}

class page {
 public:
  void heading(int level, const std::string& title) {
    text_ += fmt::format("\n{} {}\n\n", std::string(static_cast<std::size_t>(level), '#'), title);
  }

  void paragraph(const std::string& text) { text_ += text + "\n"; }

  void begin_table() { text_ += "\n| key | meaning | value | default |\n|---|---|---|---|\n"; }

  void row(const setting& s) { row(s.name, s.meaning, value_of(s), default_of(s)); }

  void row(const std::string& name, const std::string& meaning, const std::string& value,
           const std::string& fallback) {
    text_ += fmt::format("| `{}` | {} | {} | {} |\n", name, cell(meaning), cell(value), fallback);
  }

  template <class Target>
  void keys(const std::vector<key<Target>>& all) {
    for (const key<Target>& k : all) {
      if (k.plain()) {
        row(k.declaration);
      } else {
        row(k.declaration.name, k.declaration.meaning, k.form, default_of(k.declaration));
      }
    }
  }

  void options(const std::vector<setting>& declared, const std::vector<setting>& said = {}) {
    bool begun = false;
    for (const setting& s : declared) {
      if (among(s, said)) continue;
      if (!begun) begin_table();
      begun = true;
      row(s);
    }
  }

  /// Everything of one kind that a job can name; `facts_of(entry)` is a paragraph, or "".
  template <class Entry, class Facts>
  void names(const std::string& title, const std::string& meaning, const registry<Entry>& known,
             Facts facts_of) {
    heading(2, title);
    const std::vector<setting> shared = shared_options(known);
    paragraph(meaning + (shared.empty() ? "" : " All of them have these options:"));
    options(shared);
    for (const Entry& e : known.entries()) {
      heading(3, e.name);
      paragraph(sentence(e.summary));
      if (const std::string facts = facts_of(e); !facts.empty()) paragraph("\n" + facts);
      options(e.options, shared);
    }
  }
  template <class Entry>
  void names(const std::string& title, const std::string& meaning, const registry<Entry>& known) {
    names(title, meaning, known, [](const Entry&) { return std::string(); });
  }

  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void write_sections(page& out) {
  for (const section& s : job_sections()) {
    out.heading(2, s.path.empty() ? "The job" : fmt::format("`{}`", s.path));
    out.paragraph(s.meaning);
    std::vector<const section*> inner;
    for (const section& other : job_sections()) {
      if (!other.path.empty() && other.parent() == s.path) inner.push_back(&other);
    }
    if (s.keys.empty() && inner.empty()) continue;
    out.begin_table();
    out.keys(s.keys);
    for (const section* other : inner) {
      std::string anchor = other->path;  // as Markdown makes them: without the dots
      anchor.erase(std::remove(anchor.begin(), anchor.end(), '.'), anchor.end());
      out.row(other->name(), phrase(other->meaning), fmt::format("[a map](#{})", anchor), "");
    }
  }
  out.heading(2, "A node");
  out.paragraph("An item of `cluster.nodes`.");
  out.begin_table();
  out.keys(node_keys());
}

/// Where an entry comes from; a source may have a full stop already.
template <class Entry>
std::string source_of(const Entry& e) {
  std::string source = e.source;
  while (!source.empty() && source.back() == '.') source.pop_back();
  return "Source: " + source + ".";
}

void write_losses(page& out, const registry<loss_entry>& known) {
  out.heading(2, "Losses");
  out.paragraph("Named by `model.loss`; they have no options.\n");
  out.paragraph("| name | meaning |\n|---|---|");
  for (const loss_entry& e : known.entries()) {
    out.paragraph(fmt::format("| `{}` | {} |", e.name, cell(sentence(e.summary))));
  }
}

std::string consistencies_of(const protocol_entry& e) {
  if (e.consistencies.size() < 2) {
    return e.counts_commits && !e.consistencies.empty()
               ? fmt::format(" Consistency: `{}` only.", e.consistencies.front())
               : std::string();
  }
  std::string text = " Consistency:";
  for (const std::string& name : e.consistencies) {
    text += fmt::format("{} `{}`{}", text.back() == ':' ? "" : ",", name,
                        text.back() == ':' ? " (default)" : "");
  }
  return text + ".";
}

std::string rules_of(const protocol_entry& e) {
  std::string text;
  if (e.rule == rule_place::server) text = " The parameter servers apply `gradient_rule`.";
  if (e.rule == rule_place::none) text = " It has a rule of its own: no `gradient_rule`.";
  if (e.takes_server_rule) text += " Takes a `server_rule`.";
  return text;
}

std::string window_of(const protocol_entry& e) {
  if (!e.has_window) return " `communication_window` does not change the training.";
  return fmt::format(
      " Default `communication_window`: {}.",
      e.default_window == epoch_window ? "`epoch`" : std::to_string(e.default_window));
}

std::string compressions_text(const protocol_entry& e, const registry<codec_entry>& known) {
  if (e.payload == payload_kind::difference) return " Takes every compression.";
  const std::vector<std::string> taken = compressions_of(e, known);
  std::string text;
  for (const std::string& name : taken) {
    text += fmt::format("{}`{}`", text.empty() ? "" : ", ", name);
  }
  return fmt::format(" Compression: {}{}.", text, taken.size() == 1 ? " only" : "");
}

void write_recommended(page& out, const protocol_entry& e) {
  if (e.recommended.empty()) return;
  out.paragraph("\nRecommended:\n");
  for (const auto& [key, value] : e.recommended) {
    out.paragraph(fmt::format("- `{}={}`", key, value));
  }
}

void write_protocols(page& out, const catalogue& known) {
  out.heading(2, "Protocols");
  out.paragraph(
      "Named by `optimizer.protocol`; their options stand beside it. What is recommended works for "
      "dense\nnetworks on MNIST with 4 workers and mini-batches of 16.");
  for (const protocol_entry& e : known.protocols.entries()) {
    out.heading(3, e.name);
    out.paragraph(sentence(e.summary));
    std::string facts = "\n" + source_of(e);
    for (const std::string& alias : e.aliases) facts += fmt::format(" Also called `{}`.", alias);
    facts += window_of(e);
    if (e.most_workers > 0) facts += fmt::format(" Workers: at most {}.", e.most_workers);
    facts += consistencies_of(e) + compressions_text(e, known.compressions) + rules_of(e);
    out.paragraph(facts);
    out.options(e.options);
    write_recommended(out, e);
  }
}

std::string facts_of(const codec_entry& e) {
  return fmt::format("{} Bytes for n numbers: {}. Error of one number: {}.", source_of(e),
                     e.wire_size, e.error_bound);
}

constexpr const char* introduction = R"(# The job file

This page is made from the declarations in the program (`reference_page` in `config/`); a test
compares the two.

A job is a YAML map. Lists of layers, transforms and metrics hold a bare name (`- flatten`) or a
name with its options (`- dense: {units: 10}`). Relative paths start at `data.directory`.

Unknown keys, duplicate keys, wrong types, values out of range, numbers that look octal (`010`),
merge keys, tags, a second document and aliases that expand without bound are errors with file, line
and column.

`--set PATH=VALUE` on the command line overrides a key: names and list indices joined by dots, the
value in YAML (`--set model.layers.0.conv2d.filters=16`). The index behind a list's end appends;
`null` takes a key away (`--set data.test=null`). An error then names the option.)";

}  // namespace

// Choices say more than "a word".
std::string allowed(const setting& s) {
  if (!s.choices.empty()) return fmt::format("{}", fmt::join(s.choices, ", "));
  const std::string limits = range(s);
  return to_text(s.type) + (limits.empty() ? "" : ", " + limits);
}

std::string reference_page(const catalogue& known) {
  page out;
  out.paragraph(introduction);
  write_sections(out);
  out.names("Formats", "Named by `format` in `data.train` and `data.test`.", known.data.readers);
  out.names("Transforms", "Items of `data.transforms`.", known.data.transforms);
  out.names("Layers", "Items of `model.layers`.", known.models.layers);
  write_losses(out, known.models.losses);
  out.names("Metrics", "Items of `model.metrics`.", known.models.metrics);
  out.names("Gradient rules", "Named by `optimizer.gradient_rule`.", known.models.rules);
  write_protocols(out, known);
  out.names("Consistency", "Named by `optimizer.consistency`.", known.consistencies,
            source_of<consistency_entry>);
  out.names("Compression", "Named by `optimizer.compression`.", known.compressions, facts_of);
  return out.take();
}

}  // namespace troupe
