#include <cag/io/directory.hpp>

#include <filesystem>
#include <memory>
#include <string>

#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>

#include <sys/resource.h>

#include <csignal>
#include <cstdlib>

#include <catch.hpp>
#include <io/fault_file_system.hpp>
#include <io/temporary_directory.hpp>

using cag::DirectoryContents;
using cag::kCheckpointFormat;
using cag::load_directory;
using cag::replace_directory;
using cag::save_directory;
using cag_test::FaultFileSystem;
using cag_test::FaultKind;
namespace fs = std::filesystem;

namespace {

constexpr cag::DirectoryFormat kOtherFormat{"cag.anchors", 1};

DirectoryContents contents_of(float value) {
  return {{{"anchors", {{"points", at::full({2}, value)}}}}, {{"categories", 2}}};
}

float value_in(const fs::path& path) {
  const auto contents = load_directory(path, kOtherFormat);
  CHECK((contents.values == cag::Json::Object{{"categories", 2}}));
  return contents.parts.at("anchors").at("points")[0].item<float>();
}

void write(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// A directory with a manifest that is sealed as ours is, over one file of the given name.
void make_manifest(const fs::path& directory, const std::string& name, const std::string& bytes) {
  auto text =
      fmt::format(R"({{"files":{{"{}":{{"bytes":{},"xxh64":"{:016x}"}}}},"format":"cag.anchors",)"
                  R"("producer":"cag 0.1.0","values":{{}},"version":1)",
                  name, bytes.size(), cag::detail::xxh64(bytes));
  write(directory / "manifest.json", text + cag::detail::manifest_seal(text));
}

}  // namespace

TEST_CASE("A directory gives back the parts and values saved in it") {
  const cag_test::TemporaryDirectory parent;
  const auto path = parent.path() / "rün 1";
  save_directory(path, kOtherFormat, contents_of(3));
  CHECK(value_in(path) == 3);
  CHECK(cag::PosixFs().list(path) ==
        std::vector<std::string>{"anchors.safetensors", "manifest.json"});
  save_directory(parent.path() / "empty" / "", kOtherFormat, {});
  CHECK(load_directory(parent.path() / "empty", kOtherFormat).parts.empty());
  CHECK(cag::PosixFs().list(parent.path()).size() == 2);
}

TEST_CASE("save_directory refuses a path that exists; replace_directory takes its place") {
  const cag_test::TemporaryDirectory parent;
  const auto path = parent.path() / "anchors";
  save_directory(path, kOtherFormat, contents_of(1));
  CHECK_THROWS_AS(save_directory(path, kOtherFormat, contents_of(2)), cag::UsageError);
  CHECK(value_in(path) == 1);
  replace_directory(path, kOtherFormat, contents_of(2));
  CHECK(value_in(path) == 2);
  CHECK(cag::PosixFs().list(parent.path()) == std::vector<std::string>{"anchors"});
  CHECK_THROWS_AS(save_directory("..", kOtherFormat, {}), cag::UsageError);
  CHECK_THROWS_AS(save_directory("", kOtherFormat, {}), cag::UsageError);
}

TEST_CASE("Whatever operation of replace_directory fails or dies, the old or the new can be read") {
  const auto kind = GENERATE(
      values({FaultKind::kError, FaultKind::kDiskFull, FaultKind::kCrash, FaultKind::kCrashAfter}));
  int k = 0;
  for (bool injected = true; injected;) {
    INFO("kind " << static_cast<int>(kind) << ", operation " << ++k);
    REQUIRE(k < 100);
    const cag_test::TemporaryDirectory parent;
    const auto path = parent.path() / "anchors";
    save_directory(path, kOtherFormat, contents_of(1));
    const auto script = std::make_shared<FaultFileSystem::Script>();
    script->kind = kind;
    script->fail_at = k;
    try {
      replace_directory(path, kOtherFormat, contents_of(2), FaultFileSystem(script));
    } catch (const cag::IoError&) {
    } catch (const cag_test::Crash&) {
    }
    injected = script->failed;
    const auto found = value_in(path);
    CHECK((found == 2 || (injected && found == 1)));
    if (kind == FaultKind::kError) CHECK(fs::exists(path));
    cag::remove_leftovers(path);
    CHECK(value_in(path) == found);
    CHECK(cag::PosixFs().list(parent.path()) == std::vector<std::string>{"anchors"});
  }
  CHECK(k > 8);
}

TEST_CASE("Any flipped bit in a directory is an error") {
  const cag_test::TemporaryDirectory parent;
  const auto path = parent.path() / "anchors";
  save_directory(path, kOtherFormat, contents_of(1));
  for (const auto& name : {"anchors.safetensors", "manifest.json"}) {
    const auto bytes = cag_test::read_bytes(path / name);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      INFO(name << ", bit " << bit);
      auto flipped = bytes;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
      write(path / name, flipped);
      CHECK_THROWS_AS(load_directory(path, kOtherFormat), cag::CheckpointError);
    }
    write(path / name, bytes);
    CHECK(value_in(path) == 1);
  }
}

TEST_CASE("Any file of a directory cut short, grown, gone, or of another kind is an error") {
  const cag_test::TemporaryDirectory parent;
  const auto path = parent.path() / "anchors";
  save_directory(path, kOtherFormat, contents_of(1));
  for (const auto& name : {"anchors.safetensors", "manifest.json"}) {
    const auto bytes = cag_test::read_bytes(path / name);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      INFO(name << ", " << length << " bytes");
      write(path / name, bytes.substr(0, length));
      CHECK_THROWS_AS(load_directory(path, kOtherFormat), cag::CheckpointError);
    }
    write(path / name, bytes + ' ');
    CHECK_THROWS_AS(load_directory(path, kOtherFormat), cag::CheckpointError);
    fs::remove(path / name);
    CHECK_THROWS_WITH(load_directory(path, kOtherFormat), Catch::Contains(name));
    fs::create_directory(path / name);
    CHECK_THROWS_WITH(load_directory(path, kOtherFormat), Catch::Contains(name));
    fs::remove(path / name);
    write(parent.path() / "outside", bytes);
    fs::create_symlink(parent.path() / "outside", path / name);
    CHECK_THROWS_WITH(load_directory(path, kOtherFormat), Catch::Contains("symbolic link"));
    fs::remove(path / name);
    REQUIRE(::mkfifo((path / name).c_str(), 0600) == 0);
    CHECK_THROWS_WITH(load_directory(path, kOtherFormat), Catch::Contains("regular file"));
    fs::remove(path / name);
    write(path / name, bytes);
    CHECK(value_in(path) == 1);
  }
}

TEST_CASE("A manifest cannot name a file outside its directory") {
  const cag_test::TemporaryDirectory parent;
  const auto path = parent.path() / "anchors";
  fs::create_directory(path);
  const std::string bytes("\x02\0\0\0\0\0\0\0{}", 10);
  write(parent.path() / "x.safetensors", bytes);
  write(path / "x.safetensors", bytes);
  for (const std::string name :
       {"../x.safetensors", "..", ".", "", "/etc/passwd", "a/x.safetensors", "x\\u0000.safetensors",
        "x y.safetensors", "manifest.json", "\xc3\xa9.safetensors"}) {
    INFO(name);
    make_manifest(path, name, bytes);
    CHECK_THROWS_WITH(load_directory(path, kOtherFormat), Catch::Contains("expected a file name"));
  }
  make_manifest(path, "x.bin", bytes);
  write(path / "x.bin", bytes);
  CHECK_THROWS_WITH(load_directory(path, kOtherFormat), Catch::Contains("\"*.safetensors\""));
  make_manifest(path, "x.safetensors", bytes);
  CHECK(load_directory(path, kOtherFormat).parts.at("x").empty());
}

TEST_CASE("Version 1 of each format stays readable, and is what is written") {
  const auto golden = fs::path(std::getenv("CAG_TESTS")) / "io/format_1";
  const cag_test::TemporaryDirectory parent;
  const auto check = [&](const char* name, const cag::DirectoryFormat& format) {
    const auto contents = load_directory(golden / name, format);
    save_directory(parent.path() / name, format, contents);
    for (const auto& file : cag::PosixFs().list(golden / name)) {
      CHECK(cag_test::read_bytes(parent.path() / name / file) ==
            cag_test::read_bytes(golden / name / file));
    }
    return contents;
  };
  const auto checkpoint = check("checkpoint", kCheckpointFormat);
  CHECK(checkpoint.values.at("step").as_int64() == 7);
  CHECK(checkpoint.values.at("lr").as_double() == 2.5e-4);
  CHECK(checkpoint.parts.at("model").at("weight")[1][2].item<float>() == 1.25F);
  CHECK(checkpoint.parts.at("model").at("count").item<std::int64_t>() == 9);
  const auto anchors = check("anchors", kOtherFormat);
  CHECK(anchors.parts.at("anchors").at("vectors")[1][0].item<double>() == 2);
}

TEST_CASE("A directory of another format is refused by name") {
  const cag_test::TemporaryDirectory parent;
  save_directory(parent.path() / "anchors", kOtherFormat, contents_of(1));
  CHECK_THROWS_WITH(load_directory(parent.path() / "anchors", kCheckpointFormat),
                    Catch::Contains("expected the format cag.checkpoint, found \"cag.anchors\""));
}

TEST_CASE("What no directory can hold is refused before anything is left behind") {
  const cag_test::TemporaryDirectory parent;
  const auto path = parent.path() / "anchors";
  CHECK_THROWS_AS(save_directory(path, kOtherFormat, {{{"a/b", {}}}, {}}), cag::CheckpointError);
  CHECK_THROWS_AS(save_directory(path, kOtherFormat, {{}, {{"loss", std::nan("")}}}),
                  cag::NumericalError);
  CHECK_THROWS_AS(save_directory(path, kOtherFormat, {{}, {{"text", std::string(2 << 20, 'x')}}}),
                  cag::CheckpointError);
  CHECK_THROWS_AS(save_directory(path, kOtherFormat, {{{"a", {{"t", at::Tensor()}}}}, {}}),
                  c10::Error);
  CHECK(cag::PosixFs().list(parent.path()).empty());
}

TEST_CASE("A write that the system refuses half-way is an IoError and leaves nothing behind") {
  const cag_test::TemporaryDirectory parent;
  DirectoryContents large;
  large.parts["model"]["weight"] = at::full({1 << 16}, 1.0F);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  rlimit small = before;
  small.rlim_cur = 4096;
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  std::string message;
  try {
    save_directory(parent.path() / "model", kCheckpointFormat, large);
  } catch (const cag::IoError& error) {
    message = error.what();
  }
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  CHECK_THAT(message, Catch::Contains("cannot write") && Catch::Contains("model.safetensors") &&
                          Catch::Contains("File too large"));
  CHECK(cag::PosixFs().list(parent.path()).empty());
}
