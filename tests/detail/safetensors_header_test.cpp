#include <cag/detail/safetensors_header.hpp>

#include <string>
#include <utility>

#include <catch.hpp>

using namespace cag::detail;

namespace {

SafetensorsHeader parse(std::string_view text, std::uint64_t data_bytes) {
  return SafetensorsHeaderParser(text, data_bytes, "weights").parse();
}

std::string length_bytes(std::uint64_t length) {
  std::string bytes(8, '\0');
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>((length >> (8 * i)) & 255);
  return bytes;
}

}  // namespace

TEST_CASE("A safetensors header lists its tensors in the order of their bytes") {
  const auto header = parse(R"({"b":{"dtype":"F32","shape":[2],"data_offsets":[16,24]},)"
                            R"("a":{"shape":[],"data_offsets":[0,8],"dtype":"I64"},)"
                            R"("c":{"dtype":"U8","shape":[0,3],"data_offsets":[16,16]},)"
                            R"("d":{"dtype":"BF16","shape":[2,2],"data_offsets":[8,16]},)"
                            R"("__metadata__":{"format":"pt"}}   )",
                            24);
  REQUIRE(header.tensors.size() == 4);
  CHECK(header.tensors[0].name == "a");
  CHECK(header.tensors[0].shape.empty());
  CHECK(header.tensors[1].name == "d");
  CHECK(header.tensors[2].name == "c");
  CHECK(header.tensors[2].shape == std::vector<std::int64_t>{0, 3});
  CHECK(header.tensors[3].name == "b");
  CHECK(header.tensors[3].type.name == "F32");
  CHECK(header.metadata == StoredMetadata{{"format", "pt"}});
  CHECK(parse("{}", 0).tensors.empty());
}

TEST_CASE("A safetensors header that lies is refused by name") {
  struct Lie {
    std::string text;
    std::uint64_t data_bytes;
    std::string message;
  };
  const auto one = [](std::string_view body) { return fmt::format("{{\"t\":{{{}}}}}", body); };
  const std::string f32 = R"("dtype":"F32","shape":[2],"data_offsets":)";
  const Lie lies[] = {
      {R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
       R"("u":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
       12, "an overlap"},
      {R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
       R"("u":{"dtype":"F32","shape":[2],"data_offsets":[12,20]}})",
       20, "a hole"},
      {one(f32 + "[4,12]"), 12, "a hole"},
      {one(f32 + "[0,8]"), 12, "cover all 12 data bytes, they cover 8"},
      {one(f32 + "[8,0]"), 8, "rising within the 8 data bytes, found [8, 0]"},
      {one(f32 + "[0,8]"), 7, "rising within the 7 data bytes"},
      {one(f32 + "[0,4]"), 4, "takes 8 bytes"},
      {one(f32 + "[0]"), 8, "expected 2 data_offsets, found 1"},
      {one(f32 + "[0,8,8]"), 8, "expected 2 data_offsets, found 3"},
      {one(f32 + "[-1,8]"), 8, "expected an integer from 0"},
      {one(f32 + "[0,8.0]"), 8, "expected an integer from 0"},
      {one(f32 + "[0,18446744073709551615]"), 8, "expected an integer from 0"},
      {one(f32 + "[0,1e400]"), 8, "out of range"},
      {one(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0])"), 0,
       "overflows"},
      {one(R"("dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0])"), 0,
       "overflows"},
      {one(R"("dtype":"U8","shape":[0,4294967296,4294967296],"data_offsets":[0,0])"), 0,
       "overflows"},
      {one(R"("dtype":"F32","shape":[-2],"data_offsets":[0,8])"), 8, "expected an integer from 0"},
      {one(R"("dtype":"F32","shape":2,"data_offsets":[0,8])"), 8, "expected an array"},
      {one(R"("dtype":"C64","shape":[1],"data_offsets":[0,8])"), 8, "found \"C64\""},
      {one(R"("dtype":"f32","shape":[2],"data_offsets":[0,8])"), 8, "found \"f32\""},
      {one(R"("dtype":4,"shape":[2],"data_offsets":[0,8])"), 8, "expected a string"},
      {one(R"("shape":[2],"data_offsets":[0,8])"), 8, "dtype is missing"},
      {one(R"("dtype":"F32","data_offsets":[0,8])"), 8, "shape is missing"},
      {one(R"("dtype":"F32","shape":[2])"), 8, "data_offsets is missing"},
      {one(R"("dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8])"), 8, "once each"},
      {one(R"("dtype":"F32","shape":[2],"data_offsets":[0,8],"extra":1)"), 8, "found \"extra\""},
      {R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
       R"("t":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}})",
       16, "tensor \"t\": is listed twice"},
      {R"({"__metadata__":{"a":"1","a":"2"}})", 0, "duplicate metadata \"a\""},
      {R"({"__metadata__":{},"__metadata__":{}})", 0, "duplicate \"__metadata__\""},
      {R"({"__metadata__":{"a":1}})", 0, "expected a string"},
      {"{\"\xff\":{}}", 0, "invalid UTF-8"},
      {"[]", 0, "byte 0"},
      {" {}", 0, "byte 0"},
      {"{}x", 0, "byte 2"},
      {std::string("{}\0", 3), 0, "byte 2"},
      {"", 0, "byte 0"},
      {R"({"t":)" + std::string(1'000'000, '['), 0, "expected an object"},
      {R"({"t":{"shape":)" + std::string(1'000'000, '['), 0, "expected a number"},
  };
  for (const auto& lie : lies) {
    INFO(lie.text.substr(0, 200));
    CHECK_THROWS_WITH(parse(lie.text, lie.data_bytes),
                      Catch::Contains(lie.message) && Catch::StartsWith("weights: "));
    CHECK_THROWS_AS(parse(lie.text, lie.data_bytes), cag::CheckpointError);
  }
}

TEST_CASE("A safetensors header has at most 64 dimensions per tensor") {
  const auto with_rank = [](int rank) {
    std::string ones = "1";
    for (int i = 1; i < rank; ++i) ones += ",1";
    return fmt::format(R"({{"t":{{"dtype":"U8","shape":[{}],"data_offsets":[0,1]}}}})", ones);
  };
  CHECK(parse(with_rank(64), 1).tensors[0].shape.size() == 64);
  CHECK_THROWS_AS(parse(with_rank(65), 1), cag::CheckpointError);
}

TEST_CASE("The header length must fit in the file and in 4 MiB") {
  CHECK(safetensors_header_length(length_bytes(2), 10, "w") == 2);
  CHECK(safetensors_header_length(length_bytes(0x4B50), 1 << 20, "w") == 0x4B50);
  CHECK(safetensors_header_length(length_bytes(128), 1 << 20, "w") == 128);
  CHECK(safetensors_header_length(length_bytes(kMaxHeaderBytes), 1U << 30, "w") == kMaxHeaderBytes);
  for (const auto& [length, file_bytes] : {std::pair<std::uint64_t, std::uint64_t>{3, 10},
                                           {0xFFFFFFFFFFFFFFFFU, 10},
                                           {0xFFFFFFFFFFFFFFFFU, 0x7FFFFFFFFFFFFFFFU},
                                           {kMaxHeaderBytes + 1, 1U << 30}}) {
    CHECK_THROWS_AS(safetensors_header_length(length_bytes(length), file_bytes, "w"),
                    cag::CheckpointError);
  }
  CHECK_THROWS_WITH(safetensors_header_length("1234567", 7, "w"), Catch::Contains("found 7 bytes"));
}

TEST_CASE("A PyTorch zip or pickle is named as such") {
  for (const std::string prefix : {"PK\x03\x04\x14\0\x08\0", "\x80\x02}q\0X\x05\0"}) {
    const auto bytes = prefix + std::string(8, 'x');
    CHECK_THROWS_WITH(safetensors_header_length(bytes.substr(0, 8), 1U << 30, "w"),
                      Catch::Contains("PyTorch zip or pickle"));
  }
}
