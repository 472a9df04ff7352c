#include "pipeline/config_labels.hpp"

#include <cstdint>
#include <optional>
#include <sstream>

#include <fmt/format.h>

#include <cag/error.hpp>

namespace pipeline {
namespace {

std::optional<cag::Colour> colour_of(const toml::node& node) {
  const auto* array = node.as_array();
  if (array == nullptr || array->size() != 3) return {};
  cag::Colour colour{};
  for (std::size_t c = 0; c < 3; ++c) {
    const auto value = array->get(c)->value_exact<std::int64_t>();
    if (!value || *value < 0 || *value > 255) return {};
    colour[c] = static_cast<std::uint8_t>(*value);
  }
  return colour;
}

toml::array array_of(const cag::Colour& colour) {
  return toml::array{std::int64_t{colour[0]}, std::int64_t{colour[1]}, std::int64_t{colour[2]}};
}

Config::CategoryRow row_of(const toml::table& table, const std::string& file,
                           const std::string& section) {
  Config::CategoryRow row;
  for (const auto& [key, node] : table) {
    const auto name = std::string(key.str());
    const auto full = section + "." + name;
    const auto place = place_of(node, file) + ": " + full;
    if (name == "name") {
      const auto text = node.value_exact<std::string>();
      if (!text) throw cag::UsageError("{}: expected a string, got {}", place, describe(node));
      row.name = *text;
    } else if (name == "colour") {
      row.colour = colour_of(node);
      if (!row.colour)
        throw cag::UsageError("{}: expected [red, green, blue], each 0 to 255, got {}", place,
                              describe(node));
    } else if (name == "source") {
      read_labels(row.source, node, file, full);
    } else if (name == "target") {
      read_labels(row.target, node, file, full);
    } else {
      throw cag::UsageError("{}: unknown key: expected one of name, colour, source, target", place);
    }
  }
  if (row.name.empty())
    throw cag::UsageError("{}: {}: expected a name in each, got none", place_of(table, file),
                          section);
  return row;
}

}  // namespace

std::string describe(const toml::node& node) {
  std::ostringstream text;
  node.visit([&](const auto& n) {
    if constexpr (toml::is_array<decltype(n)>)
      text << "a list";
    else if constexpr (toml::is_table<decltype(n)>)
      text << "a table";
    else
      text << n;
  });
  return text.str();
}

std::string place_of(const toml::node& node, const std::string& file) {
  const auto line = node.source().begin.line;
  return node.source().path ? fmt::format("{}:{}", file, line) : file;
}

void read_labels(LabelValues& values, const toml::node& node, const std::string& file,
                 const std::string& key) {
  const auto refuse = [&](const std::string& found) {
    throw cag::UsageError(
        "{}: {}: expected label ids such as [7, 8], or colours such as [[128, 64, 128]], got {}",
        place_of(node, file), key, found);
  };
  const auto* array = node.as_array();
  if (array == nullptr) return refuse(describe(node));
  LabelValues read;
  for (const auto& item : *array) {
    if (const auto id = item.value_exact<std::int64_t>()) {
      read.ids.push_back(*id);
    } else if (const auto colour = colour_of(item)) {
      read.colours.push_back(*colour);
    } else {
      std::ostringstream text;
      item.visit([&](const auto& n) { text << n; });
      return refuse(text.str());
    }
  }
  if (!read.ids.empty() && !read.colours.empty()) return refuse("both");
  values = std::move(read);
}

void read_labels(std::vector<Config::CategoryRow>& rows, const toml::node& node,
                 const std::string& file, const std::string& key) {
  const auto* array = node.as_array();
  std::vector<Config::CategoryRow> read;
  if (array != nullptr)
    for (const auto& item : *array)
      if (const auto* table = item.as_table()) read.push_back(row_of(*table, file, key));
  if (array == nullptr || read.size() != array->size())
    throw cag::UsageError("{}: {}: expected a table [[categories]] for each category, got {}",
                          place_of(node, file), key, describe(node));
  rows = std::move(read);
}

void insert_labels(toml::table& table, std::string_view name, const LabelValues& values) {
  toml::array array;
  for (const auto id : values.ids) array.push_back(id);
  for (const auto& colour : values.colours) array.push_back(array_of(colour));
  table.insert(name, std::move(array));
}

void insert_labels(toml::table& table, std::string_view name,
                   const std::vector<Config::CategoryRow>& rows) {
  toml::array array;
  for (const auto& row : rows) {
    toml::table entry;
    entry.insert("name", row.name);
    if (row.colour) entry.insert("colour", array_of(*row.colour));
    if (!row.source.empty()) insert_labels(entry, "source", row.source);
    if (!row.target.empty()) insert_labels(entry, "target", row.target);
    array.push_back(std::move(entry));
  }
  if (!array.empty()) table.insert(name, std::move(array));
}

}  // namespace pipeline
