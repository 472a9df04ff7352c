#include <cag/detail/json.hpp>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>

#include <catch.hpp>

using cag::detail::Json;

namespace {

Json parse(std::string_view text) { return Json::parse(text, "text"); }

std::string error_of(std::string_view text) {
  try {
    parse(text);
  } catch (const cag::CheckpointError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("Json reads every kind of value") {
  const auto value = parse(
      R"( {"b":[true,false,null], "a":-3, "c":1.5e2, "d":"x\n\u00e9\ud83d\ude00/", "e":{}, "f":[]} )");
  CHECK(value.at("b").as_array() == Json::Array{true, false, nullptr});
  CHECK(value.at("a").as_int64() == -3);
  CHECK(value.at("c").as_double() == 150.0);
  CHECK(value.at("d").as_string() == "x\n\xc3\xa9\xf0\x9f\x98\x80/");
  CHECK(value.at("e").as_object().empty());
  CHECK(value.at("f").as_array().empty());
  CHECK(value.find("g") == nullptr);
}

TEST_CASE("Json keeps 64-bit integers exact and apart from doubles") {
  CHECK(parse("9223372036854775807").as_int64() == std::numeric_limits<std::int64_t>::max());
  CHECK(parse("-9223372036854775808").as_int64() == std::numeric_limits<std::int64_t>::min());
  CHECK(parse("18446744073709551615").as_uint64() == std::numeric_limits<std::uint64_t>::max());
  CHECK(parse("9007199254740993").as_int64() == 9007199254740993);
  CHECK(parse("1") != parse("1.0"));
  CHECK(Json(5U) == Json(5));
  CHECK(std::signbit(parse("-0").as_double()));
  CHECK_THROWS_AS(parse("18446744073709551616"), cag::CheckpointError);
  CHECK_THROWS_AS(parse("-9223372036854775809"), cag::CheckpointError);
}

TEST_CASE("Json reads a value only as the type it holds") {
  CHECK(parse("3").as_double() == 3.0);
  CHECK(parse("3").as_uint64() == 3);
  CHECK_THROWS_AS(parse("3.0").as_int64(), cag::CheckpointError);
  CHECK_THROWS_AS(parse("-3").as_uint64(), cag::CheckpointError);
  CHECK_THROWS_AS(parse("18446744073709551615").as_int64(), cag::CheckpointError);
  CHECK_THROWS_AS(parse("true").as_int64(), cag::CheckpointError);
  CHECK_THROWS_AS(parse("1").as_bool(), cag::CheckpointError);
  CHECK_THROWS_AS(parse("[]").as_object(), cag::CheckpointError);
  CHECK_THROWS_WITH(parse("{}").at("step"), Catch::Contains("\"step\""));
  CHECK_THROWS_WITH(parse("[]").as_string(), "expected a string in JSON, found an array");
}

TEST_CASE("Json names the byte where the text stops being JSON") {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "byte 0 of"},
      {"{", "byte 1 of"},
      {"[1,]", "byte 3 of"},
      {"[1 2]", "byte 3 of"},
      {"{\"a\":1,}", "byte 7 of"},
      {"{\"a\" 1}", "byte 5 of"},
      {"{a:1}", "byte 1 of"},
      {"[1]x", "byte 3 of"},
      {"01", "byte 1 of"},
      {"-", "byte 1 of"},
      {"+1", "byte 0 of"},
      {"1.", "byte 2 of"},
      {".5", "byte 0 of"},
      {"1e", "byte 2 of"},
      {"1e400", "byte 0 of"},
      {"NaN", "byte 0 of"},
      {"-Infinity", "byte 1 of"},
      {"tru", "byte 0 of"},
      {"nul", "byte 0 of"},
      {"\"a", "byte 2 of"},
      {"\"a\n\"", "byte 2 of"},
      {"\"\\x\"", "byte 1 of"},
      {"\"\\u12g4\"", "byte 1 of"},
      {"\"\\u12", "byte 1 of"},
      {"\"\\ud800\"", "byte 1 of"},
      {"\"\\udc00\"", "byte 1 of"},
      {"\"\\ud800\\u0041\"", "byte 1 of"},
      {"\"\x80\"", "byte 1 of"},
      {"\"\xc0\x80\"", "byte 1 of"},
      {"\"\xed\xa0\x80\"", "byte 1 of"},
      {"\"\xf4\x90\x80\x80\"", "byte 1 of"},
      {"\"\xe2\x82\"", "byte 1 of"},
      {"{\"a\":1,\"a\":2}", "byte 7 of"},
      {"{\"a\":1,\"\\u0061\":2}", "byte 7 of"},
      {"// note\n1", "byte 0 of"},
      {"\xef\xbb\xbf{}", "byte 0 of"},
  };
  for (const auto& [text, where] : cases) {
    INFO(text);
    CHECK_THAT(error_of(text), Catch::Contains(std::string(where)));
  }
  CHECK_THAT(error_of(std::string_view("1\0", 2)), Catch::Contains("byte 1 of"));
}

TEST_CASE("Json nests 64 deep and no deeper") {
  CHECK_NOTHROW(parse(std::string(64, '[') + std::string(64, ']')));
  CHECK_THAT(error_of(std::string(65, '[') + std::string(65, ']')),
             Catch::Contains("deeper than 64"));
  CHECK_THAT(error_of(std::string(1'000'000, '[')), Catch::Contains("deeper than 64"));
}

TEST_CASE("Json writes objects in the order of their keys, so equal values are equal bytes") {
  const Json value = Json::Object{{"b", Json::Array{1, 2.0, "x"}}, {"a", nullptr}, {"c", true}};
  CHECK(value.dump() == R"({"a":null,"b":[1,2.0,"x"],"c":true})");
  CHECK(Json(Json::Object{}).dump() == "{}");
  CHECK(Json(Json::Array{}).dump() == "[]");
  CHECK(Json("\"\\\x01\xc3\xa9").dump() == "\"\\\"\\\\\\u0001\xc3\xa9\"");
}

TEST_CASE("Json refuses to write what it could not read back") {
  CHECK_THROWS_AS(Json(std::nan("")).dump(), cag::NumericalError);
  CHECK_THROWS_AS(Json(std::numeric_limits<double>::infinity()).dump(), cag::NumericalError);
  CHECK_THROWS_AS(Json("\xff").dump(), cag::CheckpointError);
}

TEST_CASE("Json numbers survive writing and reading") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i) {
    const auto bits = random();
    double number = 0;
    std::memcpy(&number, &bits, sizeof number);
    if (!std::isfinite(number)) continue;
    const Json value = Json::Array{number, bits, static_cast<std::int64_t>(bits)};
    CHECK(parse(value.dump()) == value);
  }
  for (const double number : {0.0, -0.0, 1.0, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 0.1}) {
    const auto back = parse(Json(number).dump()).as_double();
    CHECK(back == number);
    CHECK(std::signbit(back) == std::signbit(number));
  }
}
