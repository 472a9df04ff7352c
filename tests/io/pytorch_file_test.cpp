#include <cag/io/pytorch_file.hpp>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>

#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <cag/detail/zip_writer.hpp>

#include "catch.hpp"
#include "data/temporary_folder.hpp"

using cag::CheckpointError;
using cag::PytorchFile;
using cag::TensorMap;
using cag::test::read_file;
using cag::test::TemporaryFolder;
using cag::test::write_file;
using Catch::Contains;

namespace {

std::filesystem::path from_python(const std::string& name) {
  return std::filesystem::path(std::getenv("CAG_TESTS")) / "io/python" / name;
}

/// A file in memory.
struct Bytes {
  std::string text;

  std::string name() const { return "bytes"; }
  std::uint64_t size() const { return text.size(); }
  void read_at(std::uint64_t offset, char* buffer, std::uint64_t count) const {
    if (offset > text.size() || count > text.size() - offset)
      throw CheckpointError("bytes: expected {} bytes", offset + count);
    std::memcpy(buffer, text.data() + offset, count);
  }
};

using Groups = std::map<std::string, TensorMap>;

Groups read(const std::string& text) {
  const Bytes file{text};
  return text.starts_with("PK") ? cag::detail::read_pytorch_zip(file)
                                : cag::detail::read_pytorch_legacy(file);
}

std::string zip(const std::map<std::string, std::string>& entries) {
  cag::detail::ZipWriter writer;
  for (const auto& [name, bytes] : entries) writer.add(name, bytes);
  writer.finish();
  std::string text;
  for (const auto piece : writer.pieces()) text += piece;
  return text;
}

Groups read_pickle(const std::string& pickle) {
  return read(zip({{"a/data.pkl", pickle}, {"a/data/0", std::string(8, '\0')}}));
}

bool same(const Groups& a, const Groups& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [name, group] : a) {
    const auto other = b.find(name);
    if (other == b.end() || other->second.size() != group.size()) return false;
    for (const auto& [key, tensor] : group) {
      const auto found = other->second.find(key);
      if (found == other->second.end() || found->second.scalar_type() != tensor.scalar_type() ||
          !found->second.equal(tensor))
        return false;
    }
  }
  return true;
}

/// What torch.save makes of a tensor of two floats under the name "x", its parts to be replaced.
struct Pickled {
  std::string global = "ctorch._utils\n_rebuild_tensor_v2\n";
  std::string storage = "ctorch\nFloatStorage\n";
  std::string size = "K\2";
  std::string offset = "K\0";
  std::string sizes = "K\2\x85";
  std::string strides = "K\1\x85";

  Pickled() { offset.assign("K\0", 2); }
  std::string text() const {
    return "\x80\2}X\1" + std::string(3, '\0') + "x" + global + "((X\7" + std::string(3, '\0') +
           "storage" + storage + "X\1" + std::string(3, '\0') + "0X\3" + std::string(3, '\0') +
           "cpu" + size + "tQ" + offset + sizes + strides + "\x89}tRs.";
  }
};

}  // namespace

TEST_CASE("PytorchFile reads what torch.save writes, in both of its formats") {
  for (const auto* name : {"checkpoint.pth", "checkpoint_legacy.pth"}) {
    const auto file = PytorchFile::read(from_python(name));
    const auto& groups = file.groups();
    CHECK(groups.size() == 6);  // beside the weights: plain values, and the momentum of each
    CHECK(groups.at("").at("best_iou").item<double>() == 0.5);
    CHECK(groups.at("").at("history").equal(at::arange(6, at::kDouble).view({2, 3})));
    CHECK(groups.at("DeepLab.optimizer_state.state.3").at("momentum_buffer").numel() == 2);
    const auto weights = file.weights();
    REQUIRE(weights.size() == 7);
    CHECK(weights.at("0.weight").sizes() == at::IntArrayRef({2, 3, 1, 1}));
    CHECK(weights.at("1.num_batches_tracked").item<std::int64_t>() == 1);
    // d loss / d bias = 8 pixels, rate 0.1
    CHECK(at::allclose(weights.at("1.bias"), at::ones({2}).mul(-0.8)));
  }
}

TEST_CASE("PytorchFile reads views, every type, parameters and numpy arrays") {
  const auto base = at::arange(24, at::kFloat).view({4, 6});
  for (const auto* name : {"kinds.pth", "kinds_legacy.pth"}) {
    const auto tensors = PytorchFile::read(from_python(name)).weights();
    CHECK(tensors.at("view").equal(at::tensor({6.F, 8.F, 10.F, 12.F, 14.F, 16.F}).view({2, 3})));
    CHECK(tensors.at("transposed").equal(base.t()));
    CHECK(tensors.at("half").equal(base.to(at::kHalf)));
    CHECK(tensors.at("bfloat16").equal(base.to(at::kBFloat16)));
    CHECK(tensors.at("int").equal(base.to(at::kInt)));
    CHECK(tensors.at("bool").equal(base.gt(3)));
    CHECK(tensors.at("scalar").dim() == 0);
    CHECK(tensors.at("scalar").scalar_type() == at::kLong);
    CHECK(tensors.at("scalar").item<std::int64_t>() == 3);
    CHECK(tensors.at("parameter").equal(base));
    CHECK(tensors.at("empty").sizes() == at::IntArrayRef({0, 3}));
    CHECK(tensors.at("columns_first").equal(at::arange(6, at::kDouble).view({2, 3})));
  }
  CHECK(PytorchFile::read(from_python("protocol_5.pth")).weights().at("x").equal(at::ones({2})));
}

TEST_CASE("PytorchFile takes the prefix of a data-parallel network off") {
  for (const auto* name : {"parallel.pth", "parallel_legacy.pth"})
    CHECK(PytorchFile::read(from_python(name)).weights().contains("0.weight"));
}

TEST_CASE("PytorchFile finds a group by its name, or says which there are") {
  const auto file = PytorchFile::read(from_python("checkpoint.pth"));
  CHECK(file.weights("DeepLab.optimizer_state.state.0").size() == 1);
  CHECK(file.weights(".").contains("best_iou"));
  CHECK_THROWS_AS(file.weights("DeepLab"), CheckpointError);
  CHECK_THROWS_WITH(file.weights("DeepLab"), Contains("checkpoint.pth") && Contains("\".\" (") &&
                                                 Contains("\"DeepLab.model_state\" (7 tensors)"));
}

TEST_CASE("PytorchFile reads the published anchors where they are present") {
  const auto path =
      std::filesystem::path(std::getenv("CAG_SHARED")) / "fixtures/category_anchors.raw";
  if (!std::filesystem::exists(path)) {
    WARN("skipped: no " << path);
    return;
  }
  const auto anchors = PytorchFile::read(path).weights();
  CHECK(anchors.at("objective_vectors").sizes() == at::IntArrayRef({19, 256}));
  CHECK(anchors.at("objective_vectors").sum().item<double>() == Approx(1688.561).margin(1e-3));
  CHECK(anchors.at("objective_num").sum().item<double>() == 41415);
}

TEST_CASE("PytorchFile names what it refuses") {
  const auto refuses = [](const std::string& name, const std::string& what) {
    CHECK_THROWS_AS(PytorchFile::read(from_python(name)), CheckpointError);
    CHECK_THROWS_WITH(PytorchFile::read(from_python(name)), Contains(name) && Contains(what));
  };
  refuses("module.pth", "the global torch.nn.modules.container.Sequential");
  refuses("sparse.pth", "the global torch._utils._rebuild_sparse_tensor");
  refuses("script.pt", "a TorchScript archive, which is a program");
  refuses("make.py", "expected a file that torch.save wrote, found another kind");
  CHECK_THROWS_AS(PytorchFile::read(from_python("nothing.pth")), cag::IoError);
  const TemporaryFolder folder;
  write_file(folder / "empty.pth", "");
  CHECK_THROWS_AS(PytorchFile::read(folder / "empty.pth"), CheckpointError);
  write_file(folder / "tar.pth", std::string(257, 'x') + "ustar  ");
  CHECK_THROWS_WITH(PytorchFile::read(folder / "tar.pth"), Contains("tar format"));
}

TEST_CASE("A pickle is not run: opcodes and globals outside the list are refused by name") {
  CHECK(read_pickle(Pickled().text()).at("").at("x").equal(at::zeros({2})));
  const auto refuses = [](const std::string& pickle, const std::string& what) {
    CHECK_THROWS_AS(read_pickle(pickle), CheckpointError);
    CHECK_THROWS_WITH(read_pickle(pickle), Contains(what));
  };
  refuses("\x80\2cposix\nsystem\nX\5" + std::string(3, '\0') + "touch\x85R.",
          "the global posix.system, which is not allowed");
  refuses("\x80\2cbuiltins\neval\n.", "builtins.eval");
  refuses("\x80\4\x8c\2os\x8c\6system\x93.", "os.system");
  refuses("\x80\2(ios\nsystem\n.", "the opcode 0x69, which is not allowed");  // INST
  refuses("\x80\2(X.", "its end");
  refuses("\x80\7N.", "protocol 7");
  refuses("\x80\2.", "nothing to take a value from");
  refuses("\x80\2NN.", "1 values left over");
  refuses("\x80\2h\1.", "a reference to 1, which is not there");
  refuses("\x80\2t.", "no mark");
  refuses("\x80\2NNa.", "values for what is not a list");
  refuses("\x80\2}(Nu.", "a key without a value");
  refuses("\x80\2ccollections\nOrderedDict\nNR.", "other than arguments");
  refuses("\x80\2NNR.", "a call of what is not a function");
  refuses("\x80\2ctorch\nFloatStorage\n)R.", "a call of torch.FloatStorage");
  refuses("\x80\2cnumpy\ndtype\nX\2" + std::string(3, '\0') + "f8\x85R(K\3X\1" +
              std::string(3, '\0') + ">tb.",
          "a type of byte order >");
}

TEST_CASE("A tensor has to lie within its storage") {
  const auto refuses = [](const Pickled& pickled, const std::string& what) {
    CHECK_THROWS_AS(read_pickle(pickled.text()), CheckpointError);
    CHECK_THROWS_WITH(read_pickle(pickled.text()), Contains(what));
  };
  Pickled beyond, negative, stretched, huge, another, uneven;
  beyond.offset = "K\1";
  refuses(beyond, "outside its storage of 2 values");
  negative.offset = "J\xff\xff\xff\xff";
  refuses(negative, "outside its storage");
  stretched.sizes = "J\xff\xff\xff\x7f\x85";
  stretched.strides = std::string("K\0\x85", 3);
  refuses(stretched, "outside its storage");
  huge.size = "J\xff\xff\xff\x7f";
  refuses(huge, "expected a FloatStorage of 2147483647 values at a/data/0, found 8 bytes");
  another.storage = "ctorch\nDoubleStorage\n";
  refuses(another, "expected a DoubleStorage of 2 values at a/data/0, found 8 bytes");
  uneven.strides = "K\1K\1\x86";
  refuses(uneven, "1 sizes and 2 strides");
}

TEST_CASE("A pickle that holds itself, or asks for much, is refused") {
  CHECK_THROWS_WITH(read_pickle("\x80\2]q\1h\1a."), Contains("nested up to 32 deep"));
  std::string deep = "\x80\2]";
  for (int i = 0; i < 100; ++i) deep += "\x85";
  CHECK_THROWS_WITH(read_pickle(deep + "."), Contains("nested up to 32 deep"));
  // Ten lists of ten times the one before: 10^20 values when followed.
  std::string laughs = "\x80\2]q" + std::string(1, '\0');
  for (char i = 1; i <= 20; ++i) {
    laughs += "](";
    for (int k = 0; k < 10; ++k) laughs += std::string("h") + static_cast<char>(i - 1);
    laughs += std::string("eq") + i;
  }
  CHECK_THROWS_AS(read_pickle(laughs + "."), CheckpointError);
  // One list of pairs, copied again and again.
  std::string copies = "\x80\2ccollections\nOrderedDict\nq\1](";
  for (int i = 0; i < 100'000; ++i) copies += "NN\x86";
  copies += "eq\2";
  for (int i = 0; i < 200; ++i) copies += "h\1h\2\x85R0";
  CHECK_THROWS_WITH(read_pickle(copies + "."), Contains("copies of more than"));
  // One list of lists, each item of which is the same.
  std::string square = "\x80\2](";
  for (int i = 0; i < 2000; ++i) square += 'N';
  square += std::string("eq\1") + "0](";
  for (int i = 0; i < 2000; ++i) square += "h\1";
  CHECK_THROWS_WITH(read_pickle(square + "e."), Contains("at most 1000000 values"));
  std::string many = "\x80\2(";
  for (std::size_t i = 0; i < cag::detail::Pickle::kMaxNodes + 1; ++i) many += ')';
  CHECK_THROWS_WITH(read_pickle(many + "t."), Contains("more than 500000 values"));
}

TEST_CASE("Tensors that are met again and again, or under a long name, use up what is allowed") {
  const auto one = Pickled().text();
  const auto tensor =
      one.substr(one.find("ctorch._utils"), one.rfind("s.") - one.find("ctorch._utils"));
  const auto refused = [](const std::string& pickle) {
    CHECK_THROWS_WITH(read_pickle(pickle), Contains("names and sizes take at most 64 MiB"));
  };
  std::string many = "\x80\2](" + tensor + "q\1";
  for (int i = 0; i < 200'000; ++i) many += "h\1";
  refused(many + "e.");
  // A dict of one long key over a list of references to one list of a tensor.
  const std::string length("\0\0\x10\0", 4);  // 1 MiB
  std::string named =
      "\x80\2}X" + length + std::string(std::size_t{1} << 20, 'k') + "](](" + tensor + "eq\1";
  for (int i = 0; i < 100; ++i) named += "h\1";
  refused(named + "es.");
}

TEST_CASE("No tensor is lost to another of its name, or to a key that is no name") {
  const std::string zeros(3, '\0');
  const auto one = Pickled().text();
  const auto tensor =
      one.substr(one.find("ctorch._utils"), one.rfind("s.") - one.find("ctorch._utils"));
  CHECK_THROWS_WITH(read_pickle("\x80\2}(K\1" + tensor + "X\1" + zeros + "1" + tensor + "u."),
                    Contains("one tensor of the name 1, found two"));
  CHECK_THROWS_WITH(read_pickle("\x80\2}N" + tensor + "s."),
                    Contains("as the keys of tensors, found another kind at ?"));
  // Such keys over plain values do no harm.
  CHECK(read_pickle("\x80\2}(NK\1X\1" + zeros + "x" + tensor + "u.").at("").size() == 1);
}

TEST_CASE("A numpy array has to have the bytes of its sizes, in whatever order these overflow") {
  const auto array = [](const std::string& sizes, const std::string& bytes) {
    const std::string zeros(3, '\0');
    return "\x80\2}X\1" + zeros + "xcnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\1" +
           "\x85"
           "C\1b\x87R(K\1" +
           sizes + "cnumpy\ndtype\nX\2" + zeros + "f8\x85R\x89" + "C" +
           std::string(1, static_cast<char>(bytes.size())) + bytes + "tbs.";
  };
  CHECK(read_pickle(array("K\1\x85", std::string(8, '\0'))).at("").at("x").numel() == 1);
  const std::string large("\x8a\6\0\0\0\0\0\1", 8), zero("K\0", 2), minus("J\xff\xff\xff\xff");
  for (const auto& sizes :
       {large + large + zero + "\x87", zero + large + large + "\x87", minus + zero + "\x86",
        zero + minus + "\x86", "K\2\x85" + std::string()}) {
    CHECK_THROWS_AS(read_pickle(array(sizes, "")), CheckpointError);
    CHECK_THROWS_WITH(read_pickle(array(sizes, "")), Contains("x: expected an array ["));
  }
}

TEST_CASE("A zip archive that leaves its folder, overlaps or lies about sizes is refused") {
  const auto pickle = Pickled().text();
  const auto refuses = [](const std::string& text, const std::string& what) {
    CHECK_THROWS_AS(read(text), CheckpointError);
    CHECK_THROWS_WITH(read(text), Contains(what));
  };
  for (const auto* name : {"../a/data.pkl", "/a/data.pkl", "a/../../data.pkl", "a\\data.pkl"})
    refuses(zip({{name, pickle}}), "an entry whose name leaves it");
  refuses(zip({{"a/data.pkl", pickle}, {"b/data.pkl", pickle}}),
          "expected one data.pkl, found two");
  refuses(zip({{"a/other", ""}}), "found a zip archive of 1 others");
  refuses(zip({{"a/data.pkl", pickle}}), "at a/data/0, found none");
  refuses(zip({{"a/byteorder", "big"}, {"a/data.pkl", pickle}}), "byte order little, found big");

  const auto good = zip({{"a/data.pkl", pickle}, {"a/data/0", std::string(8, '\0')}});
  const auto record = good.find("PK\1\2");
  const auto changed = [&](std::size_t at, std::uint32_t value, std::size_t width) {
    auto text = good;
    std::memcpy(text.data() + record + at, &value, width);
    return text;
  };
  refuses(changed(8, 1, 2), "the encrypted entry a/data.pkl");
  refuses(changed(10, 8, 2), "expected a/data.pkl as it is, found it compressed");
  refuses(changed(16, 1, 4), "expected the checksum 00000001 of a/data.pkl");
  refuses(changed(20, 0x7FFFFFFF, 4), "stored in 2147483647");
  auto large = changed(20, 0x7FFFFFFF, 4);
  std::memcpy(large.data() + record + 24, "\xff\xff\xff\x7f", 4);
  refuses(large, "of 2147483647 bytes at 64, beyond");
  refuses(changed(42, 0x7FFFFFFF, 4), "the entry a/data.pkl at 2147483647");
}

TEST_CASE("A file of torch.save cut short anywhere, or longer, is refused") {
  for (const auto* name : {"parallel.pth", "parallel_legacy.pth"}) {
    const auto whole = read_file(from_python(name));
    CHECK_NOTHROW(read(whole));
    for (std::size_t size = 0; size < whole.size(); ++size)
      CHECK_THROWS_AS(read(whole.substr(0, size)), CheckpointError);
    CHECK_THROWS_AS(read(whole + "x"), CheckpointError);
  }
}

TEST_CASE("A flipped bit in a zip file of torch.save is refused, or changes no tensor") {
  const auto whole = read_file(from_python("parallel.pth"));
  const auto before = read(whole);
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < 8 * whole.size(); ++i) {
    auto text = whole;
    text[i / 8] = static_cast<char>(text[i / 8] ^ (1 << i % 8));
    try {
      if (!same(read(text), before)) FAIL("bit " << i << " changed a tensor");
      ++accepted;
    } catch (const CheckpointError&) {
    }
  }
  CHECK(accepted > 0);  // padding, and dates
}

TEST_CASE("A flipped bit in a file before the zip format is refused or read, never more") {
  const auto whole = read_file(from_python("parallel_legacy.pth"));
  for (std::size_t i = 0; i < 8 * whole.size(); ++i) {
    auto text = whole;
    text[i / 8] = static_cast<char>(text[i / 8] ^ (1 << i % 8));
    try {
      read(text);
    } catch (const CheckpointError&) {
    }
  }
}
