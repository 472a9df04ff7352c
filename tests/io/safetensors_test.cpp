#include <cag/io/safetensors.hpp>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <catch.hpp>
#include <io/fault_file_system.hpp>
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

TEST_CASE("Tensors of every type and shape survive writing and reading") {
  const cag_test::TemporaryDirectory directory;
  const auto path = directory.path() / "all.safetensors";
  cag::TensorMap tensors;
  for (const auto type : cag::detail::kScalarTypes) {
    const std::string name = c10::toString(type);
    tensors[name + " matrix"] = at::arange(-2, 4).view({2, 3}).to(type);
    tensors[name + " scalar"] = at::ones({}, type);
    tensors[name + " empty"] = at::ones({2, 0, 3}, type);
    tensors[name + " transposed"] = tensors[name + " matrix"].t();
    tensors[name + " part"] = tensors[name + " matrix"].slice(1, 1, 3);
  }
  tensors["\xc3\xa9 \"quoted\"\n"] = at::ones({1});
  tensors[""] = at::ones({1});
  cag::write_safetensors(path, tensors, {{"key", "value"}});
  const auto back = read_safetensors(path);
  REQUIRE(back.size() == tensors.size());
  for (const auto& [name, tensor] : tensors) {
    INFO(name);
    CHECK(back.at(name).scalar_type() == tensor.scalar_type());
    CHECK(at::equal(back.at(name), tensor));
    CHECK(reinterpret_cast<std::uintptr_t>(back.at(name).const_data_ptr()) % 8 == 0);
  }
  CHECK(cag::read_safetensors_metadata(path).at("key") == "value");
}

TEST_CASE("write_safetensors gives equal bytes for equal tensors") {
  const cag_test::TemporaryDirectory directory;
  const auto path = directory.path() / "small.safetensors";
  const auto text = std::string(
      R"({"b":{"data_offsets":[0,8],"dtype":"I64","shape":[1]},"f":{"data_offsets":[8,9],"dtype":"BOOL","shape":[]}})");
  const auto padded = text + std::string((8 - text.size() % 8) % 8, ' ');
  const auto expected = static_cast<char>(padded.size()) + std::string(7, '\0') + padded +
                        std::string("\x05\0\0\0\0\0\0\0\x01", 9);
  cag::write_safetensors(path,
                         {{"f", at::ones({}, at::kBool)}, {"b", at::full({1}, 5, at::kLong)}});
  CHECK(cag_test::read_bytes(path) == expected);
  cag::write_safetensors(path, {});
  CHECK(read_safetensors(path).empty());
  CHECK(cag::PosixFs().list(directory.path()) == std::vector<std::string>{"small.safetensors"});
}

TEST_CASE("write_safetensors refuses tensors that the format cannot hold") {
  const cag_test::TemporaryDirectory directory;
  const auto path = directory.path() / "x.safetensors";
  for (const auto& tensor :
       {at::Tensor(), at::ones({2}, at::kComplexFloat), at::ones({2, 2}).to_sparse(),
        at::ones({2}, at::TensorOptions(at::kMeta))}) {
    CHECK_THROWS_AS(cag::write_safetensors(path, {{"t", tensor}}), c10::ValueError);
  }
  CHECK_THROWS_AS(cag::write_safetensors(path, {{"__metadata__", at::ones({1})}}),
                  cag::CheckpointError);
  CHECK_THROWS_AS(cag::write_safetensors(path, {{"\xff", at::ones({1})}}), cag::CheckpointError);
  CHECK(cag::PosixFs().list(directory.path()).empty());
}

TEST_CASE("A failed write_safetensors leaves the old file as it was") {
  const cag_test::TemporaryDirectory directory;
  const auto path = directory.path() / "weights.safetensors";
  cag::write_safetensors(path, {{"t", at::ones({1})}});
  const auto before = cag_test::read_bytes(path);
  const auto kind = GENERATE(values(
      {cag_test::FaultKind::kError, cag_test::FaultKind::kDiskFull, cag_test::FaultKind::kCrash}));
  for (const int k : {1, 2}) {
    const auto script = std::make_shared<cag_test::FaultFileSystem::Script>();
    script->kind = kind;
    script->fail_at = k;
    CHECK_THROWS(cag::write_safetensors(path, {{"t", at::zeros({9})}}, {},
                                        cag_test::FaultFileSystem(script)));
    CHECK(cag_test::read_bytes(path) == before);
  }
  CHECK_THROWS_WITH(cag::write_safetensors(directory.path() / "no" / "x", {}),
                    Catch::Contains("No such file"));
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
  REQUIRE(std::getenv("CAG_GOLDEN") != nullptr);
  std::istringstream folders(std::getenv("CAG_GOLDEN"));
  int files = 0;
  for (std::string folder; std::getline(folders, folder, ':');) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() != ".safetensors") continue;
      INFO(entry.path());
      CHECK_FALSE(read_safetensors(entry.path()).empty());
      ++files;
    }
  }
  CHECK(files > 0);
}
