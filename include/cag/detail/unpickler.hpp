#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <cag/detail/little_endian.hpp>
#include <cag/detail/pickle_calls.hpp>
#include <cag/detail/pickle_value.hpp>
#include <cag/detail/printable.hpp>
#include <cag/error.hpp>

namespace cag::detail {

/// Reads the pickles that torch.save writes of tensors, numpy arrays and plain values. A pickle is
/// a program: this runs none of it. Opcodes and globals outside a list are refused by name, and the
/// calls on the list are understood, not made.
class Unpickler {
 public:
  /// @param bytes  one pickle, and whatever follows it
  Unpickler(std::string_view bytes, std::string what)
      : bytes_(bytes), what_(std::move(what)), calls_(pickle_.nodes) {}

  /// Throws CheckpointError naming the byte, and the opcode or global.
  Pickle load() && {
    while (step()) {
    }
    pickle_.root = pop();
    if (!stack_.empty()) fail("{} values left over", stack_.size());
    return std::move(pickle_);
  }

  /// Where the pickle ended, after load().
  std::size_t position() const { return position_; }

 private:
  using Kind = PickleNode::Kind;

  /// Says where in the pickle what `f` throws.
  template <typename F>
  auto named(F f) const {
    try {
      return f();
    } catch (const PickleCalls::Refused& refused) {
      fail("{}", refused.what());
    }
  }

  /// @return false at the end of the pickle
  bool step() {
    start_ = position_;
    const auto code = static_cast<unsigned char>(take(1)[0]);
    switch (code) {
      case 0x80:  // PROTO
        if (const int version = take(1)[0]; version < 0 || version > 5)
          fail("protocol {}", version);
        return true;
      case 0x95:  // FRAME
        take(8);
        return true;
      case '.':
        return false;
      case '(':
        if (marks_.size() >= Pickle::kMaxNodes) fail("more than {} marks", Pickle::kMaxNodes);
        marks_.push_back(stack_.size());
        return true;
      case '0':
        pop();
        return true;
      case '1':
        since_mark();
        return true;
      case '2':
        push(top());
        return true;
      case 'N':
        return push(PickleValue());
      case 0x88:
        return push(true);
      case 0x89:
        return push(false);
      case 'K':
        return push(std::int64_t{static_cast<unsigned char>(take(1)[0])});
      case 'M':
        return push(std::int64_t{number<std::uint16_t>()});
      case 'J':
        return push(std::int64_t{number<std::int32_t>()});
      case 'I':
        return push_integer(line());
      case 'L':
        return push_integer(line(), 'L');
      case 0x8A:
        return push_long(static_cast<unsigned char>(take(1)[0]));
      case 0x8B:
        return push_long(number<std::uint32_t>());
      case 'G':
        return push_double(take(8));
      case 'F':
        return push_float(line());
      case 'X':
        return push_text(Kind::kString, number<std::uint32_t>());
      case 0x8C:
        return push_text(Kind::kString, static_cast<unsigned char>(take(1)[0]));
      case 0x8D:
        return push_text(Kind::kString, number<std::uint64_t>());
      case 'T':
        return push_text(Kind::kString, number<std::uint32_t>());
      case 'U':
        return push_text(Kind::kString, static_cast<unsigned char>(take(1)[0]));
      case 'B':
        return push_text(Kind::kBytes, number<std::uint32_t>());
      case 'C':
        return push_text(Kind::kBytes, static_cast<unsigned char>(take(1)[0]));
      case 0x8E:
        return push_text(Kind::kBytes, number<std::uint64_t>());
      case ')':
        return push_node(Kind::kTuple, {});
      case 0x85:
        return push_node(Kind::kTuple, last(1));
      case 0x86:
        return push_node(Kind::kTuple, last(2));
      case 0x87:
        return push_node(Kind::kTuple, last(3));
      case 't':
        return push_node(Kind::kTuple, since_mark());
      case ']':
        return push_node(Kind::kList, {});
      case 'l':
        return push_node(Kind::kList, since_mark());
      case 'a':
        return append(last(1), Kind::kList);
      case 'e':
        return append(since_mark(), Kind::kList);
      case '}':
        return push_node(Kind::kDict, {});
      case 'd':
        return push_node(Kind::kDict, pairs(since_mark()));
      case 's':
        return append(last(2), Kind::kDict);
      case 'u':
        return append(pairs(since_mark()), Kind::kDict);
      case 'q':
        return remember(static_cast<unsigned char>(take(1)[0]));
      case 'r':
        return remember(number<std::uint32_t>());
      case 0x94:
        return remember(static_cast<std::uint32_t>(memo_.size()));
      case 'h':
        return push(remembered(static_cast<unsigned char>(take(1)[0])));
      case 'j':
        return push(remembered(number<std::uint32_t>()));
      case 'c': {
        const auto module = std::string(line());
        return push_global(module, std::string(line()));
      }
      case 0x93: {
        const auto names = last(2);
        return push_global(text_of(names[0]), text_of(names[1]));
      }
      case 'R': {
        const auto call = last(2);
        return push(named([&] { return calls_.call(call[0], call[1]); }));
      }
      case 'b': {
        const auto state = pop();
        named([&] { return calls_.build(top(), state); });
        return true;
      }
      case 'Q': {
        const auto id = pop();
        return push(named([&] { return calls_.storage(id); }));
      }
      default:
        fail("the opcode 0x{:02x}, which is not allowed", code);
    }
  }

  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size() - position_) fail("its end");
    const auto result = bytes_.substr(position_, count);
    position_ += count;
    return result;
  }

  template <typename T>
  T number() {
    return little_endian<T>(take(sizeof(T)));
  }

  std::string_view line() {
    const auto end = bytes_.find('\n', position_);
    if (end == bytes_.npos) fail("its end");
    const auto result = bytes_.substr(position_, end - position_);
    position_ = end + 1;
    return result;
  }

  bool push(PickleValue value) {
    if (stack_.size() >= Pickle::kMaxNodes) fail("more than {} values", Pickle::kMaxNodes);
    stack_.push_back(value);
    return true;
  }

  bool push_node(Kind kind, std::vector<PickleValue> items) {
    return push(new_node({.kind = kind, .items = std::move(items)}));
  }

  bool push_text(Kind kind, std::uint64_t size) {
    return push(new_node({.kind = kind, .text = std::string(take(size))}));
  }

  PickleNode* new_node(PickleNode node) {
    return named([&] { return &calls_.add(std::move(node)); });
  }

  bool push_global(const std::string& module, const std::string& name) {
    const auto full = module + '.' + name;
    if (!PickleCalls::is_allowed(full))
      fail("the global {}, which is not allowed", printable(full.substr(0, 200)));
    return push(new_node({.kind = Kind::kGlobal, .text = full}));
  }

  bool push_integer(std::string_view text, char suffix = '\0') {
    if (text == "01") return push(true);
    if (text == "00") return push(false);
    if (!text.empty() && text.back() == suffix) text.remove_suffix(1);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) fail("a damaged integer");
    return push(value);
  }

  bool push_float(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) fail("a damaged number");
    return push(value);
  }

  bool push_double(std::string_view big_endian) {
    std::string bytes(big_endian.rbegin(), big_endian.rend());
    double value = 0;
    std::memcpy(&value, bytes.data(), sizeof value);
    return push(value);
  }

  bool push_long(std::uint64_t size) {
    const auto bytes = take(size);
    if (size > sizeof(std::int64_t))
      return push(new_node({.kind = Kind::kLong, .text = std::string(bytes)}));
    const bool negative = size > 0 && (static_cast<unsigned char>(bytes.back()) & 0x80) != 0;
    std::int64_t value = negative ? -1 : 0;
    std::memcpy(&value, bytes.data(), size);
    return push(value);
  }

  const PickleValue& top() {
    if (stack_.empty()) fail("nothing to take a value from");
    return stack_.back();
  }

  PickleValue pop() {
    const auto value = top();
    if (!marks_.empty() && marks_.back() == stack_.size()) fail("nothing to take a value from");
    stack_.pop_back();
    return value;
  }

  std::vector<PickleValue> last(std::size_t count) {
    std::vector<PickleValue> values(count);
    for (auto value = values.rbegin(); value != values.rend(); ++value) *value = pop();
    return values;
  }

  std::vector<PickleValue> since_mark() {
    if (marks_.empty() || marks_.back() > stack_.size()) fail("no mark");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    marks_.pop_back();
    std::vector<PickleValue> values(first, stack_.end());
    stack_.erase(first, stack_.end());
    return values;
  }

  std::vector<PickleValue> pairs(std::vector<PickleValue> values) const {
    if (values.size() % 2 != 0) fail("a key without a value");
    return values;
  }

  bool append(const std::vector<PickleValue>& values, Kind kind) {
    auto* const* node = std::get_if<PickleNode*>(&top());
    if (node == nullptr || (*node)->kind != kind)
      fail("values for what is not a {}", kind == Kind::kList ? "list" : "dict");
    named([&] { calls_.charge(values.size() * sizeof(PickleValue)); });
    auto& items = (*node)->items;
    items.insert(items.end(), values.begin(), values.end());
    return true;
  }

  bool remember(std::uint32_t index) {
    constexpr std::size_t kEntry = 64;
    named([&] { calls_.charge(kEntry); });
    memo_[index] = top();
    return true;
  }

  const PickleValue& remembered(std::uint32_t index) const {
    const auto found = memo_.find(index);
    if (found == memo_.end()) fail("a reference to {}, which is not there", index);
    return found->second;
  }

  std::string text_of(const PickleValue& value) const {
    const auto* node = node_of(value, Kind::kString);
    if (node == nullptr) fail("a name that is not text");
    return node->text;
  }

  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> found, Args&&... args) const {
    throw CheckpointError("{}: expected a pickle of tensors, found at byte {} {}", what_, start_,
                          fmt::format(found, std::forward<Args>(args)...));
  }

  std::string_view bytes_;
  std::string what_;
  std::size_t position_ = 0, start_ = 0;
  Pickle pickle_;
  PickleCalls calls_;
  std::vector<PickleValue> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint32_t, PickleValue> memo_;
};

}  // namespace cag::detail
