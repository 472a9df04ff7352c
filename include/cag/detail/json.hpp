#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <cag/detail/json_reader.hpp>
#include <cag/error.hpp>

namespace cag::detail {

/// A JSON value. Objects are ordered by key, so that equal values are written as equal bytes.
/// Integers are kept apart from doubles: 1 and 1.0 are different values. Reading one as another
/// type than it holds throws CheckpointError.
class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::map<std::string, Json, std::less<>>;

  Json() = default;
  Json(std::nullptr_t) {}
  Json(std::same_as<bool> auto value) : value_(value) {}
  Json(std::floating_point auto value) : value_(static_cast<double>(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::move(value)) {}

  template <std::integral T>
  requires(!std::same_as<T, bool>) Json(T value) {
    if (std::in_range<std::int64_t>(value)) {
      value_ = static_cast<std::int64_t>(value);
    } else {
      value_ = static_cast<std::uint64_t>(value);
    }
  }

  /// Parses exactly one value. `what` names the text in messages.
  /// Throws CheckpointError with the byte offset of the first thing that is not strict JSON,
  /// duplicate keys, a number out of range, or nesting deeper than JsonReader::kMaxDepth.
  static Json parse(std::string_view text, std::string what);

  /// The shortest text that parses back to an equal value, on one line.
  /// Throws NumericalError for NaN or infinity, CheckpointError for text that is not UTF-8.
  std::string dump() const {
    std::string out;
    write(out);
    return out;
  }

  std::string_view type_name() const {
    static constexpr std::string_view kNames[] = {"null",       "a boolean", "an integer",
                                                  "an integer", "a number",  "a string",
                                                  "an array",   "an object"};
    return kNames[value_.index()];
  }

  bool is_null() const { return value_.index() == 0; }
  bool as_bool() const { return get<bool>("a boolean"); }
  const std::string& as_string() const { return get<std::string>("a string"); }
  const Array& as_array() const { return get<Array>("an array"); }
  const Object& as_object() const { return get<Object>("an object"); }
  Array& as_array() { return const_cast<Array&>(std::as_const(*this).as_array()); }
  Object& as_object() { return const_cast<Object&>(std::as_const(*this).as_object()); }

  std::int64_t as_int64() const { return get<std::int64_t>("an integer below 2^63"); }

  std::uint64_t as_uint64() const {
    if (const auto* large = std::get_if<std::uint64_t>(&value_)) return *large;
    const auto* small = std::get_if<std::int64_t>(&value_);
    if (small == nullptr || *small < 0) wrong_type("a non-negative integer");
    return static_cast<std::uint64_t>(*small);
  }

  /// Also for integers, rounded to the nearest double.
  double as_double() const {
    if (const auto* large = std::get_if<std::uint64_t>(&value_)) return static_cast<double>(*large);
    if (const auto* small = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*small);
    return get<double>("a number");
  }

  /// The member `key` of an object, or null where there is none.
  const Json* find(std::string_view key) const {
    const auto& object = as_object();
    const auto found = object.find(key);
    return found == object.end() ? nullptr : &found->second;
  }

  /// The member `key` of an object; throws CheckpointError where there is none.
  const Json& at(std::string_view key) const {
    const auto* found = find(key);
    if (found == nullptr) throw CheckpointError("expected a JSON member \"{}\", found none", key);
    return *found;
  }

  friend bool operator==(const Json&, const Json&) = default;

 private:
  template <typename T>
  const T& get(std::string_view expected) const {
    const auto* held = std::get_if<T>(&value_);
    if (held == nullptr) wrong_type(expected);
    return *held;
  }

  [[noreturn]] void wrong_type(std::string_view expected) const {
    throw CheckpointError("expected {} in JSON, found {}", expected, type_name());
  }

  void write(std::string& out) const;

  std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, Array,
               Object>
      value_ = nullptr;
};

inline void write_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const auto length = utf8_sequence_length(text.substr(i));
    if (length == 0) throw CheckpointError("JSON text has invalid UTF-8 at byte {}", i);
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '"' || byte == '\\') {
      out += '\\';
      out += text[i];
    } else if (byte < 0x20) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out.append(text, i, length);
    }
    i += length;
  }
  out += '"';
}

inline void write_json_double(std::string& out, double value) {
  if (!std::isfinite(value)) throw NumericalError("JSON cannot hold the number {}", value);
  char text[32];
  const auto* end = std::to_chars(text, text + sizeof text, value).ptr;
  const std::string_view digits(text, static_cast<std::size_t>(end - text));
  out += digits;
  if (digits.find_first_of(".e") == std::string_view::npos) out += ".0";
}

inline void Json::write(std::string& out) const {
  if (is_null()) {
    out += "null";
  } else if (const auto* boolean = std::get_if<bool>(&value_)) {
    out += *boolean ? "true" : "false";
  } else if (const auto* integer = std::get_if<std::int64_t>(&value_)) {
    out += fmt::format("{}", *integer);
  } else if (const auto* large = std::get_if<std::uint64_t>(&value_)) {
    out += fmt::format("{}", *large);
  } else if (const auto* number = std::get_if<double>(&value_)) {
    write_json_double(out, *number);
  } else if (const auto* text = std::get_if<std::string>(&value_)) {
    write_json_string(out, *text);
  } else if (const auto* array = std::get_if<Array>(&value_)) {
    char separator = '[';
    for (const auto& element : *array) {
      out += std::exchange(separator, ',');
      element.write(out);
    }
    out += array->empty() ? "[]" : "]";
  } else {
    char separator = '{';
    const auto& object = as_object();
    for (const auto& [key, member] : object) {
      out += std::exchange(separator, ',');
      write_json_string(out, key);
      out += ':';
      member.write(out);
    }
    out += object.empty() ? "{}" : "}";
  }
}

inline Json read_json(JsonReader& reader) {
  switch (reader.peek()) {
    case '{': {
      Json::Object object;
      reader.read_object([&](std::string key, std::size_t offset) {
        const auto [place, added] = object.try_emplace(std::move(key));
        if (!added) reader.fail_at(offset, fmt::format("duplicate key \"{}\"", place->first));
        place->second = read_json(reader);
      });
      return object;
    }
    case '[': {
      Json::Array array;
      reader.read_array([&] { array.push_back(read_json(reader)); });
      return array;
    }
    case '"':
      return reader.read_string();
    case 't':
    case 'f':
      return reader.read_bool();
    case 'n':
      reader.read_null();
      return nullptr;
    default:
      return std::visit([](auto number) { return Json(number); }, reader.read_number());
  }
}

inline Json Json::parse(std::string_view text, std::string what) {
  JsonReader reader(text, std::move(what));
  auto value = read_json(reader);
  reader.expect_end();
  return value;
}

}  // namespace cag::detail
