#include "json_text.hpp"

#include <charconv>
#include <system_error>

#include <cag/detail/json_utf8.hpp>

#include "failure.hpp"

namespace cag::score {

std::string JsonText::string() {
  expect('"');
  std::string out;
  for (;;) {
    if (at_ == text_.size()) fail_here("expected the end of a string");
    const auto byte = static_cast<unsigned char>(text_[at_]);
    if (byte == '"') break;
    if (byte < 0x20) fail_here("expected no control character in a string");
    if (byte == '\\') {
      escape(out);
      continue;
    }
    const auto length = detail::utf8_sequence_length(text_.substr(at_));
    if (length == 0) fail_here("expected UTF-8");
    out.append(text_, at_, length);
    at_ += length;
  }
  ++at_;
  return out;
}

void JsonText::escape(std::string& out) {
  constexpr std::string_view kNames = "\"\\/bfnrt", kValues = "\"\\/\b\f\n\r\t";
  if (++at_ == text_.size()) fail_here("expected an escape");
  if (const auto found = kNames.find(text_[at_]); found != std::string_view::npos) {
    out += kValues[found];
    ++at_;
    return;
  }
  if (text_[at_] != 'u') fail_here("expected an escape");
  ++at_;
  auto point = hexadecimal();
  if (point >= 0xD800 && point < 0xDC00) {
    if (text_.substr(at_, 2) != "\\u") fail_here("expected the other half of a surrogate pair");
    at_ += 2;
    const auto low = hexadecimal();
    if (low < 0xDC00 || low > 0xDFFF) fail_here("expected the other half of a surrogate pair");
    point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
  } else if (point >= 0xDC00 && point < 0xE000) {
    fail_here("expected the first half of a surrogate pair before this");
  }
  detail::append_utf8(out, point);
}

std::uint32_t JsonText::hexadecimal() {
  std::uint32_t value = 0;
  const auto digits = text_.substr(at_, 4);
  const auto [end, wrong] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (wrong != std::errc() || end != digits.data() + 4) fail_here("expected 4 hexadecimal digits");
  at_ += 4;
  return value;
}

std::int64_t JsonText::size() {
  skip_space();
  const auto rest = text_.substr(at_);
  std::int64_t value = 0;
  const auto [end, wrong] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  const auto digits = static_cast<std::size_t>(end - rest.data());
  if (wrong != std::errc() || rest[0] == '-' || (rest[0] == '0' && digits > 1))
    fail_here("expected a whole number from 0 to 2^63 - 1");
  at_ += digits;
  return value;
}

void JsonText::end() {
  skip_space();
  if (at_ != text_.size()) fail_here("expected the end");
}

void JsonText::skip_space() {
  const auto next = text_.find_first_not_of(" \n\r\t", at_);
  at_ = next == std::string_view::npos ? text_.size() : next;
}

bool JsonText::take(char wanted) {
  skip_space();
  if (at_ == text_.size() || text_[at_] != wanted) return false;
  ++at_;
  return true;
}

void JsonText::expect(char wanted) {
  if (!take(wanted)) fail_here(std::string("expected '") + wanted + "'");
}

void JsonText::fail_here(std::string_view problem) const {
  fail(CAG_SCORER_BAD_ANCHORS, what_, ": byte ", at_, " of the JSON text: ", problem);
}

}  // namespace cag::score
