#include <cag/score.h>

#include <functional>
#include <string>
#include <vector>

#include <unistd.h>

#include <catch2/catch.hpp>

#include "anchor_bytes.hpp"
#include "scorers.hpp"

using namespace cag::kernels::test;
using Catch::Contains;
using Catch::Matches;

TEST_CASE("a scorer refuses an anchor file that is cut at any byte") {
  for (const auto& whole : {example().bytes(), read(kFixture)}) {
    REQUIRE(open_bytes(whole).status == CAG_SCORER_OK);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(size);
      // A copy of its own, so that AddressSanitizer sees a byte read behind it.
      CHECK(open_bytes(std::string(whole.data(), size)).status == CAG_SCORER_BAD_ANCHORS);
    }
    CHECK(open_bytes(whole + '\0').status == CAG_SCORER_BAD_ANCHORS);
  }
}

TEST_CASE("a scorer refuses an anchor file of which any bit is another") {
  for (auto bytes : {example().bytes(), read(kFixture)})
    for (std::size_t i = 0; i < bytes.size(); ++i)
      for (int bit = 0; bit < 8; ++bit) {
        bytes[i] = static_cast<char>(bytes[i] ^ 1 << bit);
        const auto answer = open_bytes(bytes);
        if (answer.status != CAG_SCORER_BAD_ANCHORS) {
          CAPTURE(i, bit);
          CHECK(answer.status == CAG_SCORER_BAD_ANCHORS);
        }
        bytes[i] = static_cast<char>(bytes[i] ^ 1 << bit);
      }
}

TEST_CASE("a scorer says what an intact file has that no anchor file has") {
  struct Case {
    std::string text;
    std::function<void(AnchorBytes&)> change;
  };
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  const std::vector<Case> cases{
      {"expected the format cag.anchors, found \"cag.trees\"",
       [](auto& f) { f.metadata["format"] = "cag.trees"; }},
      {"made by cag 0.1.0 as cag.anchors version 2; this library reads version 1",
       [](auto& f) { f.metadata["version"] = "2"; }},
      {"whose header has \"tap\"", [](auto& f) { f.metadata.erase("tap"); }},
      {"expected the names of 4 categories, found 1",
       [](auto& f) { f.metadata["categories"] = "[\"a\"]"; }},
      {"expected the end", [](auto& f) { f.metadata["categories"] = "[] []"; }},
      {"expected each category name once, found \"a\" again",
       [](auto& f) { f.metadata["categories"] = R"(["a","b","a","c"])"; }},
      {"expected a name of each category",
       [](auto& f) { f.metadata["categories"] = R"(["a","b","","c"])"; }},
      {"expected a category name without control characters, found \"b?c\"",
       [](auto& f) { f.metadata["categories"] = R"(["a","b\u0000c","c","d"])"; }},
      {"expected a category name of at most 256 bytes, found 257",
       [](auto& f) {
         f.metadata["categories"] = R"(["a","b","c",")" + std::string(257, 'd') + R"("])";
       }},
      {"expected a backbone without control characters, found \"?31m\"",
       [](auto& f) {
         f.metadata["backbone"] =
             "\xc2\x9b"
             "31m";
       }},
      {"expected a tap of at most 256 bytes, found 300",
       [](auto& f) { f.metadata["tap"] = std::string(300, 'x'); }},
      {"expected means of images, pixels or nothing, found \"frames\"",
       [](auto& f) { f.metadata["mean_of"] = "frames"; }},
      {"whose header has \"mean_of\"", [](auto& f) { f.metadata.erase("mean_of"); }},
      {"expected the tensor vectors", [](auto& f) { f.tensors.erase("vectors"); }},
      {"expected counts as I64 [5], found I64 [4]",
       [](auto& f) {
         f.integers("counts", {1, 1, 1, 1});
       }},
      {"expected counts as I64 [5], found F64 [5]",
       [](auto& f) {
         f.doubles("counts", {5}, {1, 1, 1, 1, 1});
       }},
      {"expected vectors as F64 [any, any], found F64 [15]",
       [](auto& f) { f.tensors["vectors"].shape = {15}; }},
      {"expected moments.mean as F64 [4, 3], found F64 [3, 4]",
       [](auto& f) {
         f.tensors["moments.mean"].shape = {3, 4};
       }},
      {"expected the tensor moments.variance",
       [](auto& f) { f.tensors.erase("moments.variance"); }},
      {"unexpected tensor \"more\"", [](auto& f) { f.integers("more", {1}); }},
      {"unexpected tensor \"moments.mean\"", [](auto& f) { f.tensors.erase("moments.pixels"); }},
      {"found -3 of anchor 1",
       [](auto& f) {
         f.integers("counts", {5, -3, 2, 0, 7});
       }},
      {"ascends from 0 and leaves out no category, found 2 of anchor 1",
       [](auto& f) {
         f.integers("owner", {0, 2, 2, 2, 3});
       }},
      {"found 0 of anchor 2",
       [](auto& f) {
         f.integers("owner", {0, 1, 0, 2, 3});
       }},
      {"of anchor 0",
       [](auto& f) {
         f.integers("owner", {1, 1, 1, 2, 3});
       }},
      {"of anchor 4",
       [=](auto& f) {
         f.integers("owner", {0, 1, 1, 2, kMost});
       }},
      {"of anchor 0",
       [=](auto& f) {
         f.integers("owner", {-1, -1, -1, -1, -1});
       }},
      {"expected vectors that are finite as float32, found inf in anchor 1, channel 0",
       [](auto& f) {
         f.doubles("vectors", {5, 3}, {0, 0, 0, 1e300, 0, 0, 0, 0, 8, 0, 0, 0, 0, 6, 8});
       }},
      {"found -1 of category 3",
       [](auto& f) {
         f.doubles("margins", {4}, {1, 2, 3, -1});
       }},
      {"found nan of category 0",
       [](auto& f) {
         f.doubles("margins", {4}, {std::stod("nan"), 2, 3, 4});
       }},
      {"expected an anchor that was seen, found none of 5",
       [](auto& f) {
         f.integers("counts", {0, 0, 0, 0, 0});
       }},
      {"at least one anchor of at least one channel",
       [](auto& f) {
         f = AnchorBytes();
         f.doubles("vectors", {0, 3}, {});
         f.integers("counts", {});
       }},
      {"at least one anchor of at least one channel",
       [](auto& f) {
         f = AnchorBytes();
         f.metadata["categories"] = "[\"a\"]";
         f.doubles("vectors", {1, 0}, {});
         f.integers("counts", {1});
       }},
      {"expected at most 1024 anchors, found 1025", [](auto& f) {
         f.doubles("vectors", {1025, 1}, std::vector<double>(1025, 1));
         f.integers("counts", std::vector<std::int64_t>(1025, 1));
         f.integers("owner", std::vector<std::int64_t>(1025, 0));
         for (const auto* name : {"margins", "moments.pixels", "moments.mean", "moments.variance"})
           f.tensors.erase(name);
         f.metadata["categories"] = "[\"a\"]";
       }}};
  for (const auto& [text, change] : cases) {
    auto file = example();
    change(file);
    const auto answer = open_bytes(file.bytes());
    CHECK(answer.status == CAG_SCORER_BAD_ANCHORS);
    CHECK_THAT(answer.text, Contains(text));
  }
  const auto answer = open_bytes(example().bytes("0123456789abcdef"));
  CHECK_THAT(answer.text, Matches("the bytes given: says the checksum \"0123456789abcdef\", its "
                                  "content has [0-9a-f]{16}: damaged or edited"));
}

TEST_CASE("a scorer refuses headers that are not strictly those of safetensors") {
  const std::string data(16, '\0'), meta = R"("__metadata__":{"format":"cag.anchors"})";
  const auto tensor = [](const std::string& name, const std::string& rest) {
    return '"' + name + "\":{" + rest + '}';
  };
  const std::string good = R"("dtype":"I64","shape":[2],"data_offsets":[0,16])";
  for (const auto& [header, text] : std::vector<std::pair<std::string, std::string>>{
           {"{" + meta + "," + meta + "," + tensor("a", good) + "}", "a second \"__metadata__\""},
           {"{" + tensor("a", good) + "," + tensor("a", good) + "}", "listed twice"},
           {R"({"a":{"dtype":"I64","shape":[2]}})", "one is missing"},
           {"{" + tensor("a", good + ",\"x\":1") + "}", "found \"x\""},
           {R"({"a":{"dtype":"X64","shape":[2],"data_offsets":[0,16]}})", "found \"X64\""},
           {R"({"a":{"dtype":"I64","shape":[-2],"data_offsets":[0,16]}})", "whole number"},
           {R"({"a":{"dtype":"I64","shape":[02],"data_offsets":[0,16]}})", "whole number"},
           {R"({"a":{"dtype":"I64","shape":[2.0],"data_offsets":[0,16]}})", "']'"},
           {R"({"a":{"dtype":"I64","shape":[9223372036854775808],"data_offsets":[0,16]}})", "2^63"},
           {R"({"a":{"dtype":"I64","shape":[4611686018427387904,4],"data_offsets":[0,16]}})",
            "overflows"},
           {R"({"a":{"dtype":"I64","shape":[3],"data_offsets":[0,16]}})", "takes 24 bytes"},
           {R"({"a":{"dtype":"I64","shape":[3],"data_offsets":[0,24]}})",
            "rising within 16 bytes behind the header, found [0, 24]"},
           {R"({"a":{"dtype":"I64","shape":[1],"data_offsets":[16,8]}})", "rising within 16"},
           {R"({"a":{"dtype":"I64","shape":[1],"data_offsets":[0,9223372036854775807]}})",
            "rising"},
           {R"({"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8,9]}})", "2 data_offsets"},
           {R"({"a":{"dtype":"I64","shape":[1],"data_offsets":[0]}})", "2 data_offsets"},
           {R"({"a":{"dtype":"I64","shape":[1],"data_offsets":[8,16]}})", "from byte 0, found 8"},
           {R"({"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}})", "they have 8"},
           {"{" + tensor("\\ud800", good) + "}", "surrogate"},
           {"{" + tensor("\\x", good) + "}", "escape"},
           {"{" + tensor("\\u00g0", good) + "}", "hexadecimal"},
           {"{" + tensor("\x80", good) + "}", "UTF-8"},
           {"{" + tensor("a", good) + "} x", "expected the end"},
           {"{" + tensor("a", good) + ",}", "'\"'"},
           {" {" + tensor("a", good) + "}", "found none"}}) {
    const auto answer = open_bytes(AnchorBytes::framed(header, data));
    CHECK(answer.status == CAG_SCORER_BAD_ANCHORS);
    CHECK_THAT(answer.text, Contains(text));
  }
  CHECK_THAT(open_bytes("\xff\xff\xff\xff\xff\xff\xff\x7f{}").text,
             Contains("its length says 9223372036854775807: the 10 bytes are cut"));
  // What a file says of itself comes out printable and whole.
  const auto answer = open_bytes(AnchorBytes::framed(
      "{" + tensor("\\u001b[31m" + std::string(600, 'a'), "\"dtype\":\"X\"") + "}", data));
  CHECK_THAT(answer.text, Contains("\"?[31maaa"));
  // C1, and what turns the direction of writing.
  const auto turned = open_bytes(
      AnchorBytes::framed("{" + tensor("a\\u009bb\\u202ec\\u00e4", "\"dtype\":\"X\"") + "}", data));
  CHECK_THAT(turned.text, Contains("\"a?b?c\xc3\xa4\""));
  CHECK(answer.text.size() == 511);
}

TEST_CASE("a scorer says which file cannot be opened") {
  const auto open = [](const std::string& path) {
    cag_scorer* scorer = nullptr;
    return ask([&](auto* error) { return cag_scorer_open(path.c_str(), nullptr, &scorer, error); });
  };
  const auto absent = open("/absent/anchors.safetensors");
  CHECK(absent.status == CAG_SCORER_IO);
  CHECK(absent.text == "cannot open /absent/anchors.safetensors: No such file or directory");
  CHECK(open("").text == "cannot open \"\": No such file or directory");
  CHECK(open("/").status == CAG_SCORER_IO);
  CHECK(open("/").text == "/: expected a regular file, found a directory");
  CHECK(open("/dev/null").status == CAG_SCORER_IO);
  const auto path =
      std::filesystem::temp_directory_path() / ("cag-scorer-" + std::to_string(::getpid()));
  std::ofstream(path, std::ios::binary) << example().bytes().substr(0, 900);
  const auto cut = open(path);
  std::filesystem::remove(path);
  CHECK(cut.status == CAG_SCORER_BAD_ANCHORS);
  CHECK_THAT(cut.text, Contains(path.string() + ": "));
}

TEST_CASE("a scorer says which option or array cannot be used") {
  const auto options_with = [](auto change) {
    auto options = cag_scorer_default_options();
    change(options);
    return open_bytes(example().bytes(), &options);
  };
  for (const auto& [answer, text] : std::vector<std::pair<Answer, std::string>>{
           {options_with([](auto& o) { o.margin = -1; }), "a margin of at least 0, got -1"},
           {options_with([](auto& o) { o.margin = std::stof("nan"); }), "got nan"},
           {options_with([](auto& o) { o.margin_kind = 3; }), "margin_kind from 0 to 2, got 3"},
           {options_with([](auto& o) { o.label_type = 2; }), "label_type 0 (uint8) or 1 (int64)"},
           {options_with([](auto& o) { o.ignore = 256; }), "from 0 to 255, got 256"},
           {options_with([](auto& o) { o.ignore = -1; }), "from 0 to 255, got -1"},
           {options_with([](auto& o) { o.ignore = 3; }), "no category of the 4"},
           {options_with([](auto& o) { o.size = 8; }), "size is at least"}}) {
    CHECK(answer.status == CAG_SCORER_BAD_ARGUMENT);
    CHECK_THAT(answer.text, Contains(text));
  }

  const std::vector<float> vectors(600, 1);
  auto anchors = cag_scorer_no_anchors();
  anchors.anchors = 300;
  anchors.width = 2;
  anchors.vectors = vectors.data();
  const auto open = [&] {
    cag_scorer* scorer = nullptr;
    return ask(
        [&](auto* error) { return cag_scorer_open_anchors(&anchors, nullptr, &scorer, error); });
  };
  CHECK_THAT(open().text, Contains("at most 256 categories for labels of uint8, found 300"));
  anchors.anchors = 2;
  std::vector<const char*> names{"a", nullptr};
  anchors.names = names.data();
  CHECK_THAT(open().text, Contains("a name of category 1"));
  const std::string long_name(257, 'x');
  for (const auto& [name, text] :
       {std::pair("a", "each category name once, found \"a\" again"), std::pair("", "found none"),
        std::pair("b\n", "without control characters"),
        std::pair(long_name.c_str(), "at most 256 bytes, found 257")}) {
    names[1] = name;
    const auto answer = open();
    CHECK(answer.status == CAG_SCORER_BAD_ANCHORS);
    CHECK_THAT(answer.text, Contains("the anchors given: ") && Contains(text));
  }
  anchors.vectors = nullptr;
  CHECK_THAT(open().text, Contains("got null"));
  anchors.width = std::numeric_limits<std::int64_t>::max();
  CHECK(open().status == CAG_SCORER_BAD_ARGUMENT);
  CHECK_THAT(open().text, Contains("vectors that fit memory, got 2 of 9223372036854775807"));
  anchors.anchors = 0;
  CHECK(open().status == CAG_SCORER_BAD_ARGUMENT);
}

TEST_CASE("a scorer says what is wrong with a frame, and writes nothing") {
  const auto scorer = opened(example().bytes());
  const std::vector<float> pixels(18, 1);
  std::vector<std::uint8_t> label(6, 9);
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  const auto run_with = [&](auto change) {
    auto frame = cag_scorer_frame_chw(pixels.data(), CAG_SCORER_FLOAT32, 3, 2, 3);
    auto maps = cag_scorer_no_maps();
    maps.pixels = 6;
    maps.label = label.data();
    change(frame, maps);
    return ask([&](auto* error) { return cag_scorer_run(scorer.get(), &frame, &maps, error); });
  };
  for (const auto& [answer, text] : std::vector<std::pair<Answer, std::string>>{
           {run_with([](auto&f, auto&) { f.channels = 4; }), "the anchors' 3 channels, got 4"},
           {run_with([](auto&f, auto&) { f.element = 3; }), "1 (bfloat16) or 2 (float16), got 3"},
           {run_with([](auto&f, auto&) { f.height = -1; }), "at least 0, got -1 x 3"},
           {run_with([](auto&f, auto&) {
              f.column_stride = 2, f.row_stride = 6;
              f.channel_stride = 12;
            }),
            "1 for channels or columns, got 12, 6 and 2"},
           {run_with([](auto&f, auto&) { f.row_stride = 0; }), "strides of at least 1"},
           {run_with([](auto&f, auto&) { f.data = nullptr; }), "a null pointer"},
           {run_with([](auto&f, auto&) { f.data = static_cast<const char*>(f.data) + 1; }),
            "aligned"},
           {run_with([](auto&f, auto&) { f.elements = 17; }), "expected the 18 elements"},
           {run_with([](auto&f, auto&) { f.row_stride = 4; }), "expected the 19 elements"},
           {run_with([=](auto&f, auto&) { f.height = kMost; }), "fits memory"},
           {run_with([&](auto&f, auto&) {
              f = cag_scorer_frame_chw(pixels.data(), CAG_SCORER_FLOAT32, 3, kMost / 2, 60);
            }),
            "fits memory, got 3 channels of 4611686018427387903 x 60"},
           {run_with([](auto&, auto&m) {
              m.margin = reinterpret_cast<float*>(static_cast<std::uint8_t*>(m.label) + 1);
            }),
            "expected the map margin aligned to its elements of 4 bytes"},
           {run_with([=](auto&f, auto&) { f.channel_stride = kMost; }), "fits memory"},
           {run_with([](auto&, auto&m) { m.pixels = 5; }), "room for 6 pixels, got 5"},
           {run_with([](auto&f, auto&) { f.size = 0; }), "size is at least"},
           {run_with([](auto&, auto&m) { m.size = 0; }), "size is at least"}}) {
    CHECK(answer.status == CAG_SCORER_BAD_ARGUMENT);
    CHECK_THAT(answer.text, Contains(text));
  }
  for (const auto& empty : {cag_scorer_frame_chw(nullptr, CAG_SCORER_FLOAT32, 3, 0, 3),
                            cag_scorer_frame_chw(nullptr, CAG_SCORER_FLOAT32, 3, 2, 0),
                            cag_scorer_frame_hwc(nullptr, CAG_SCORER_FLOAT32, 3, 0, 0)})
    CHECK(run_with([&](auto& f, auto&) { f = empty; }).status == CAG_SCORER_OK);
  CHECK(label == std::vector<std::uint8_t>(6, 9));
}

TEST_CASE("a scorer takes a later header's structures where nothing later is set") {
  struct Later {
    cag_scorer_options known;
    std::int64_t more;
  };
  Later later{cag_scorer_default_options(), 0};
  later.known.size = sizeof later;
  CHECK(open_bytes(example().bytes(), &later.known).status == CAG_SCORER_OK);
  later.more = 1;
  CHECK_THAT(open_bytes(example().bytes(), &later.known).text, Contains("does not know"));
}

TEST_CASE("a scorer reads nothing behind a structure whose size was never set") {
  // Zeros behind it, as far as AddressSanitizer lets anybody read.
  const auto options = std::make_unique<cag_scorer_options>(cag_scorer_default_options());
  for (const auto size : {std::size_t{4097}, std::numeric_limits<std::size_t>::max() / 2,
                          std::numeric_limits<std::size_t>::max()}) {
    options->size = size;
    const auto answer = open_bytes(example().bytes(), options.get());
    CHECK(answer.status == CAG_SCORER_BAD_ARGUMENT);
    CHECK_THAT(answer.text, Contains("at most 4096, got " + std::to_string(size)));
  }
}

TEST_CASE("a scorer answers null pointers") {
  const auto scorer = opened(example().bytes());
  cag_scorer* made = nullptr;
  CHECK(cag_scorer_open(nullptr, nullptr, &made, nullptr) == CAG_SCORER_BAD_ARGUMENT);
  CHECK(cag_scorer_open("x", nullptr, nullptr, nullptr) == CAG_SCORER_BAD_ARGUMENT);
  CHECK(cag_scorer_open_bytes(nullptr, 9, nullptr, &made, nullptr) == CAG_SCORER_BAD_ARGUMENT);
  CHECK(cag_scorer_open_anchors(nullptr, nullptr, &made, nullptr) == CAG_SCORER_BAD_ARGUMENT);
  CHECK(cag_scorer_describe(nullptr, nullptr, nullptr) == CAG_SCORER_BAD_ARGUMENT);
  CHECK(cag_scorer_describe(scorer.get(), nullptr, nullptr) == CAG_SCORER_BAD_ARGUMENT);
  CHECK(cag_scorer_describe_category(nullptr, 0, nullptr, nullptr) == CAG_SCORER_BAD_ARGUMENT);
  CHECK(cag_scorer_run(nullptr, nullptr, nullptr, nullptr) == CAG_SCORER_BAD_ARGUMENT);
  CHECK(cag_scorer_run(scorer.get(), nullptr, nullptr, nullptr) == CAG_SCORER_BAD_ARGUMENT);
  CHECK(cag_scorer_close(nullptr) == CAG_SCORER_OK);
  CHECK(made == nullptr);
  cag_scorer_category category{};
  category.size = sizeof category;
  const auto beyond = ask(
      [&](auto* error) { return cag_scorer_describe_category(scorer.get(), 4, &category, error); });
  CHECK(beyond.text == "expected a category from 0 to 3, got 4");
}
