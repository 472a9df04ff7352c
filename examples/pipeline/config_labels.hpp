#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <toml++/toml.h>

#include "pipeline/config.hpp"

namespace pipeline {

/// What a node is, for errors: its value, or "a list", "a table".
std::string describe(const toml::node& node);

/// Where a node stands: file and line, or the file alone where it has no lines.
std::string place_of(const toml::node& node, const std::string& file);

/// Whether a key's value is one that the functions below read and write.
template <typename T>
inline constexpr bool described_by_labels =
    std::is_same_v<std::remove_cvref_t<T>, LabelValues> ||
    std::is_same_v<std::remove_cvref_t<T>, std::vector<Config::CategoryRow>>;

/// A list of ids, or of colours [red, green, blue].
/// @param file, key  named in errors
/// @throws cag::UsageError for anything else
void read_labels(LabelValues& values, const toml::node& node, const std::string& file,
                 const std::string& key);

/// The tables [[categories]].
/// @throws cag::UsageError for anything else, an unknown key, or a category without a name
void read_labels(std::vector<Config::CategoryRow>& rows, const toml::node& node,
                 const std::string& file, const std::string& key);

/// The inverse; no rows leave no trace.
void insert_labels(toml::table& table, std::string_view name, const LabelValues& values);
void insert_labels(toml::table& table, std::string_view name,
                   const std::vector<Config::CategoryRow>& rows);

}  // namespace pipeline
