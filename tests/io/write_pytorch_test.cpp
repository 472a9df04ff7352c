#include <cag/io/write_pytorch.hpp>

#include <limits>

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <cag/io/pytorch_file.hpp>

#include "catch.hpp"
#include "data/temporary_folder.hpp"
#include "io/fault_file_system.hpp"

using cag::TensorMap;
using cag::test::read_file;
using cag::test::TemporaryFolder;

namespace {

TensorMap tensors() {
  const auto base = at::arange(24, at::kFloat).view({4, 6});
  return {{"a.weight", base},
          {"a.transposed", base.t()},
          {"half", base.to(at::kHalf)},
          {"bfloat16", base.to(at::kBFloat16)},
          {"double", base.to(at::kDouble)},
          {"int", base.to(at::kInt)},
          {"long", at::tensor(std::numeric_limits<std::int64_t>::min(), at::kLong)},
          {"short", base.to(at::kShort)},
          {"char", base.to(at::kChar)},
          {"byte", base.to(at::kByte)},
          {"bool", base.gt(3)},
          {"empty", at::zeros({0, 3})},
          {"\xC3\xA4 name", at::zeros({1})}};
}

}  // namespace

TEST_CASE("write_pytorch writes what PytorchFile reads") {
  const TemporaryFolder folder;
  cag::write_pytorch(folder / "a.pth", tensors());
  const auto back = cag::PytorchFile::read(folder / "a.pth").weights();
  REQUIRE(back.size() == tensors().size());
  for (const auto& [name, tensor] : tensors()) {
    INFO(name);
    CHECK(back.at(name).scalar_type() == tensor.scalar_type());
    CHECK(back.at(name).equal(tensor));
  }
}

TEST_CASE("Equal tensors give equal bytes, and values lie at multiples of 64") {
  const TemporaryFolder folder;
  cag::write_pytorch(folder / "a.pth", tensors());
  cag::write_pytorch(folder / "b.pth", tensors());
  const auto bytes = read_file(folder / "a.pth");
  CHECK(bytes == read_file(folder / "b.pth"));
  const auto values = at::arange(24, at::kDouble);
  const std::string stored(static_cast<const char*>(values.const_data_ptr()), values.nbytes());
  const auto at = bytes.find(stored);
  REQUIRE(at != std::string::npos);
  CHECK(at % 64 == 0);
}

TEST_CASE("write_pytorch refuses tensors that the format does not have, by name") {
  const TemporaryFolder folder;
  const auto refuses = [&](const at::Tensor& tensor) {
    CHECK_THROWS_AS(cag::write_pytorch(folder / "a.pth", {{"odd", tensor}}), c10::ValueError);
    CHECK_THROWS_WITH(cag::write_pytorch(folder / "a.pth", {{"odd", tensor}}),
                      Catch::Contains("\"odd\""));
  };
  refuses(at::Tensor());
  refuses(at::zeros({2}, at::kComplexFloat));
  refuses(at::empty({2}, at::TensorOptions().device(at::kMeta)));
  CHECK_FALSE(std::filesystem::exists(folder / "a.pth"));
}
