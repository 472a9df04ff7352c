#pragma once

#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include <cag/detail/json_utf8.hpp>
#include <cag/error.hpp>

namespace cag::detail {

/// A JSON number: an integer where it is written as one, so that 64-bit counts stay exact.
/// A uint64_t only holds what is too large for int64_t.
using JsonNumber = std::variant<std::int64_t, std::uint64_t, double>;

/// Reads JSON (RFC 8259, strictly) from text piece by piece, so that a caller with a schema builds
/// nothing but what it asked for. Every error is a CheckpointError naming `what` and the byte.
class JsonReader {
 public:
  static constexpr int kMaxDepth = 64;

  /// `text` must outlive the reader; `what` names it in messages, for example a path.
  JsonReader(std::string_view text, std::string what) : text_(text), what_(std::move(what)) {}

  std::size_t offset() const { return at_; }

  [[noreturn]] void fail_at(std::size_t offset, std::string_view problem) const {
    throw CheckpointError("{}: byte {} of the JSON text: {}", what_, offset, problem);
  }

  /// The first byte of the next token, or 0 at the end of the text.
  char peek() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
      ++at_;
    }
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  void expect_end() {
    if (peek(); at_ != text_.size()) fail_here("the end");
  }

  /// Calls `read_member(key, key_offset)` for each member; it must read exactly the value.
  template <typename ReadMember>
  void read_object(ReadMember&& read_member) {
    read_sequence('{', '}', [&] {
      peek();
      const auto start = at_;
      auto key = read_string();
      expect(':', "':'");
      read_member(std::move(key), start);
    });
  }

  /// Calls `read_element()` for each element; it must read exactly the element.
  template <typename ReadElement>
  void read_array(ReadElement&& read_element) {
    read_sequence('[', ']', read_element);
  }

  std::string read_string() {
    expect('"', "a string");
    std::string out;
    while (true) {
      if (at_ == text_.size()) fail_here("the end of a string");
      const auto byte = static_cast<unsigned char>(text_[at_]);
      if (byte == '"') break;
      if (byte < 0x20) fail_at(at_, "unescaped control character in a string");
      if (byte == '\\') {
        read_escape(out);
        continue;
      }
      const auto length = utf8_sequence_length(text_.substr(at_));
      if (length == 0) fail_at(at_, "invalid UTF-8");
      out.append(text_, at_, length);
      at_ += length;
    }
    ++at_;
    return out;
  }

  JsonNumber read_number() {
    peek();
    const auto start = at_;
    const bool negative = take('-');
    if (!take('0') && take_digits() == 0) fail_here("a number");
    bool integral = true;
    if (take('.')) {
      integral = false;
      if (take_digits() == 0) fail_here("a digit after the decimal point");
    }
    if (take('e') || take('E')) {
      integral = false;
      if (!take('+')) take('-');
      if (take_digits() == 0) fail_here("a digit in the exponent");
    }
    const auto token = text_.substr(start, at_ - start);
    // The integer 0 has no sign to keep.
    if (integral && token != "-0") {
      return negative ? JsonNumber(convert<std::int64_t>(token, start))
                      : read_unsigned(token, start);
    }
    return convert<double>(token, start);
  }

  bool read_bool() {
    if (peek() == 't') {
      expect_word("true");
      return true;
    }
    expect_word("false");
    return false;
  }

  void read_null() { expect_word("null"); }

 private:
  [[noreturn]] void fail_here(std::string_view expected) const {
    if (at_ >= text_.size()) fail_at(at_, fmt::format("expected {}, found the end", expected));
    fail_at(at_, fmt::format("expected {}, found byte 0x{:02x}", expected,
                             static_cast<unsigned char>(text_[at_])));
  }

  void expect(char byte, std::string_view expected) {
    peek();
    if (!take(byte)) fail_here(expected);
  }

  void expect_word(std::string_view word) {
    peek();
    if (!text_.substr(at_).starts_with(word)) fail_here(word);
    at_ += word.size();
  }

  bool take(char byte) {
    if (at_ == text_.size() || text_[at_] != byte) return false;
    ++at_;
    return true;
  }

  std::size_t take_digits() {
    const auto start = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    return at_ - start;
  }

  template <typename ReadItem>
  void read_sequence(char open, char close, ReadItem&& read_item) {
    expect(open, open == '{' ? "an object" : "an array");
    if (++depth_ > kMaxDepth) fail_at(at_ - 1, fmt::format("nested deeper than {}", kMaxDepth));
    if (peek() != close) {
      do {
        read_item();
        peek();
      } while (take(','));
    }
    expect(close, close == '}' ? "',' or '}'" : "',' or ']'");
    --depth_;
  }

  template <typename T>
  T convert(std::string_view token, std::size_t start) const {
    T value{};
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
    if (error != std::errc{} || end != token.data() + token.size()) {
      fail_at(start, fmt::format("the number {} is out of range", token.substr(0, 40)));
    }
    return value;
  }

  JsonNumber read_unsigned(std::string_view token, std::size_t start) const {
    const auto value = convert<std::uint64_t>(token, start);
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return value;
    return static_cast<std::int64_t>(value);
  }

  void read_escape(std::string& out) {
    static constexpr std::string_view kNames = "\"\\/bfnrt";
    static constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
    const auto start = at_++;
    if (take('u')) {
      append_utf8(out, read_code_point(start));
      return;
    }
    const auto name = at_ < text_.size() ? kNames.find(text_[at_]) : std::string_view::npos;
    if (name == std::string_view::npos) fail_at(start, "unknown escape in a string");
    out += kValues[name];
    ++at_;
  }

  std::uint32_t read_code_point(std::size_t start) {
    const auto first = read_hex4(start);
    if (first < 0xD800 || first > 0xDFFF) return first;
    if (first > 0xDBFF || !take('\\') || !take('u')) fail_at(start, "unpaired surrogate");
    const auto second = read_hex4(start);
    if (second < 0xDC00 || second > 0xDFFF) fail_at(start, "unpaired surrogate");
    return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
  }

  std::uint32_t read_hex4(std::size_t start) {
    const auto digits = text_.substr(at_, 4);
    std::uint32_t value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() != 4 || error != std::errc{} || end != digits.data() + 4) {
      fail_at(start, "expected four hexadecimal digits after \\u");
    }
    at_ += 4;
    return value;
  }

  std::string_view text_;
  std::string what_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace cag::detail
