#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace cag::score {

/// Reads the JSON (RFC 8259, strictly) that a safetensors header has, piece by piece: objects,
/// arrays, strings and whole numbers. What else is found is a Failure that names `what` and the
/// byte.
class JsonText {
 public:
  /// `text` and `what` must outlive this.
  JsonText(std::string_view text, std::string_view what) : text_(text), what_(what) {}

  /// Calls `member(key)` for each; it must read exactly the value.
  template <typename Member>
  void object(Member&& member) {
    sequence('{', '}', [&] {
      auto key = string();
      expect(':');
      member(std::move(key));
    });
  }

  /// Calls `element()` for each; it must read exactly the element.
  template <typename Element>
  void array(Element&& element) {
    sequence('[', ']', element);
  }

  std::string string();
  /// From 0 to 2^63 - 1.
  std::int64_t size();
  void end();

  [[noreturn]] void fail_here(std::string_view problem) const;

 private:
  template <typename Item>
  void sequence(char open, char close, Item&& item) {
    expect(open);
    if (take(close)) return;
    do item();
    while (take(','));
    expect(close);
  }

  void skip_space();
  bool take(char wanted);  // the next token, if it is that
  void expect(char wanted);
  void escape(std::string& out);
  std::uint32_t hexadecimal();

  std::string_view text_;
  std::string_view what_;
  std::size_t at_ = 0;
};

}  // namespace cag::score
