#include <cag/io/safetensors.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>

#include <catch.hpp>
#include <io/temporary_directory.hpp>

using cag::read_safetensors;

namespace {

// Written by python's safetensors 0.8.0 from {"weight": [[1.5, -2]] F32, "bias": [7] I64,
// "flag": true, "none": zeros(0, 3) F16} with metadata {"format": "pt"}.
const std::string kPythonFile = cag_test::from_hex(
    "10010000000000007b225f5f6d657461646174615f5f223a7b22666f726d6174223a227074227d2c2262696173223a"
    "7b"
    "226474797065223a22493634222c227368617065223a5b315d2c22646174615f6f666673657473223a5b302c385d7d"
    "2c"
    "22776569676874223a7b226474797065223a22463332222c227368617065223a5b312c325d2c22646174615f6f6666"
    "73"
    "657473223a5b382c31365d7d2c226e6f6e65223a7b226474797065223a22463136222c227368617065223a5b302c33"
    "5d"
    "2c22646174615f6f666673657473223a5b31362c31365d7d2c22666c6167223a7b226474797065223a22424f4f4c22"
    "2c"
    "227368617065223a5b5d2c22646174615f6f666673657473223a5b31362c31375d7d7d202020202007000000000000"
    "00"
    "0000c03f000000c001");

}  // namespace

TEST_CASE("read_safetensors reads a file written by Python") {
  const cag_test::TemporaryDirectory directory;
  const auto path = directory.write("python.safetensors", kPythonFile);
  const auto tensors = read_safetensors(path);
  REQUIRE(tensors.size() == 4);
  CHECK(at::equal(tensors.at("weight"), at::tensor({1.5F, -2.0F}).view({1, 2})));
  CHECK(at::equal(tensors.at("bias"), at::tensor(std::vector<std::int64_t>{7})));
  CHECK(tensors.at("flag").dim() == 0);
  CHECK(tensors.at("flag").item<bool>());
  CHECK(tensors.at("none").sizes() == at::IntArrayRef{0, 3});
  CHECK(tensors.at("none").scalar_type() == at::kHalf);
  CHECK(cag::read_safetensors_metadata(path) ==
        std::map<std::string, std::string>{{"format", "pt"}});
}

TEST_CASE("read_safetensors refuses a file cut short at any byte, or with a byte more") {
  const cag_test::TemporaryDirectory directory;
  for (std::size_t length = 0; length < kPythonFile.size(); ++length) {
    INFO(length);
    const auto path = directory.write("cut.safetensors", kPythonFile.substr(0, length));
    CHECK_THROWS_AS(read_safetensors(path), cag::CheckpointError);
  }
  const auto path = directory.write("long.safetensors", kPythonFile + '\0');
  CHECK_THROWS_WITH(read_safetensors(path), Catch::Contains("long.safetensors"));
}

TEST_CASE("read_safetensors refuses bools that are neither 0 nor 1") {
  const cag_test::TemporaryDirectory directory;
  auto bytes = kPythonFile;
  bytes.back() = 2;
  const auto path = directory.write("bool.safetensors", bytes);
  CHECK_THROWS_WITH(read_safetensors(path), Catch::Contains("\"flag\"") && Catch::Contains("BOOL"));
}

TEST_CASE("read_safetensors survives any flipped bit: tensors or a CheckpointError") {
  const cag_test::TemporaryDirectory directory;
  for (std::size_t bit = 0; bit < kPythonFile.size() * 8; ++bit) {
    auto bytes = kPythonFile;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    const auto path = directory.write("flipped.safetensors", bytes);
    try {
      read_safetensors(path);
    } catch (const cag::CheckpointError&) {
    }
  }
}

TEST_CASE("read_safetensors names a file it cannot read") {
  const cag_test::TemporaryDirectory directory;
  CHECK_THROWS_AS(read_safetensors(directory.path() / "absent"), cag::IoError);
  CHECK_THROWS_WITH(read_safetensors(directory.path()), Catch::Contains("regular file"));
  CHECK_THROWS_WITH(read_safetensors("/dev/zero"), Catch::Contains("/dev/zero"));
  CHECK_THROWS_WITH(read_safetensors(directory.make_pipe("pipe")), Catch::Contains("regular file"));
}

TEST_CASE("read_safetensors reads every golden file") {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(CAG_TEST_GOLDEN)) {
    if (entry.path().extension() != ".safetensors") continue;
    INFO(entry.path());
    CHECK_FALSE(read_safetensors(entry.path()).empty());
    ++files;
  }
  CHECK(files >= 8);
}
