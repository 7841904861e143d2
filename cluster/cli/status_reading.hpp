#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace troupe::cli {

/// What a status object or an event says, for people; keys that are missing are nothing, or a dash.

const nlohmann::ordered_json& at(const nlohmann::ordered_json& object, const char* key);
std::optional<double> number(const nlohmann::ordered_json& object, const char* key);
std::string word(const nlohmann::ordered_json& object, const char* key);
/// In so many digits behind the point.
std::string text(std::optional<double> value, int digits = 0);
std::string text(const nlohmann::ordered_json& object, const char* key, int digits = 0);
/// Any value, on one line.
std::string value_text(const nlohmann::ordered_json& value);
/// "7", or "5..9" where the parts of a list differ.
std::string extremes(const nlohmann::ordered_json& list, const char* key);
/// Of a number that each part of a list may have.
double sum_of(const nlohmann::ordered_json& list, const char* key);
/// "adag, bounded, top_k": protocol, consistency, and compression where there is one.
std::string optimizer_text(const nlohmann::ordered_json& status);
/// Whether any of these workers or servers plays on a node.
bool has_nodes(const nlohmann::ordered_json& list);

/// Speed of the workers that take part; none where fewer than two have been measured.
std::optional<double> median_speed(const nlohmann::ordered_json& workers);
/// What is wrong with a worker, in a word, and in a phrase; both empty: nothing.
struct remark {
  std::string word, phrase;
};
remark remark_on(const nlohmann::ordered_json& worker, std::optional<double> median, bool training);

}  // namespace troupe::cli
