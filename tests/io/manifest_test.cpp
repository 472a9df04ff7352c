#include <cag/io/manifest.hpp>

#include <string>

#include <catch.hpp>

using cag::kCheckpointFormat;
using cag::Manifest;

namespace {

constexpr cag::DirectoryFormat kOtherFormat{"cag.anchors", 1};

std::string sealed(const std::string& text) { return text + cag::detail::manifest_seal(text); }

Manifest parse(const std::string& text) { return Manifest::parse(text, kOtherFormat, "manifest"); }

}  // namespace

TEST_CASE("A manifest is one line of JSON that ends in its own checksum") {
  Manifest manifest;
  manifest.files["anchors.safetensors"] = {12, 0xab};
  manifest.values["categories"] = 19;
  const std::string expected =
      R"({"files":{"anchors.safetensors":{"bytes":12,"xxh64":"00000000000000ab"}},)"
      R"("format":"cag.anchors","producer":"cag 0.1.0","values":{"categories":19},"version":1)";
  const auto text = manifest.encode(kOtherFormat);
  CHECK(text == sealed(expected));
  CHECK(cag::Json::parse(text, "manifest").at("xxh64").as_string().size() == 16);
  const auto back = parse(text);
  CHECK((back.files == manifest.files));
  CHECK((back.values == manifest.values));
}

TEST_CASE("A manifest of another format or a newer version says whose it is") {
  CHECK_THROWS_WITH(parse(Manifest{}.encode(kCheckpointFormat)),
                    "manifest: expected the format cag.anchors, found \"cag.checkpoint\"");
  CHECK_THROWS_WITH(parse(R"({"format":"zip"})"),
                    "manifest: expected the format cag.anchors, found \"zip\"");
  CHECK_THROWS_WITH(
      parse(R"({"format":"cag.anchors","version":2,"producer":"cag 3.0.0","new":[]})"),
      "manifest: made by cag 3.0.0 as cag.anchors version 2; this is cag 0.1.0, which reads "
      "versions 1 to 1");
  CHECK_THROWS_WITH(parse(R"({"format":"cag.anchors","version":0,"producer":"x"})"),
                    Catch::Contains("version 0"));
}

TEST_CASE("A manifest that lies is refused") {
  const auto with = [](const std::string& files, const std::string& rest) {
    return sealed(fmt::format(R"({{"files":{},"format":"cag.anchors","producer":"p"{},"version":1)",
                              files, rest));
  };
  const std::string values = R"(,"values":{})";
  CHECK_NOTHROW(parse(with("{}", values)));
  CHECK_THROWS_WITH(parse(with("[]", values)),
                    "manifest: expected an object in JSON, found an array");
  CHECK_THROWS_WITH(parse(with("{}", "")), Catch::Contains("\"values\""));
  CHECK_THROWS_WITH(parse(with("{}", values + R"(,"vb":1)")),
                    Catch::Contains("unexpected member \"vb\""));
  CHECK_THROWS_AS(parse(with(R"({"a":{"bytes":-1,"xxh64":"0000000000000000"}})", values)),
                  cag::CheckpointError);
  CHECK_THROWS_AS(parse(with(R"({"a":{"bytes":1}})", values)), cag::CheckpointError);
  CHECK_THROWS_WITH(parse(with(R"({"a":{"bytes":1,"xxh64":"-00000000000000a"}})", values)),
                    Catch::Contains("16 hexadecimal digits"));
  CHECK_THROWS_WITH(parse(with(R"({"../a":{"bytes":1,"xxh64":"0000000000000000"}})", values)),
                    Catch::Contains("expected a file name"));
  auto edited = with("{}", values);
  edited.insert(1, " ");
  CHECK_THROWS_WITH(parse(edited), Catch::Contains("damaged or edited"));
  CHECK_THROWS_AS(parse(""), cag::CheckpointError);
  CHECK_THROWS_AS(parse("[]"), cag::CheckpointError);
}
