#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <string>

#include <catch2/catch.hpp>

#include <cag/score.h>

#include "anchor_bytes.hpp"
#include "maps.hpp"

namespace cag::kernels::test {

inline constexpr float kInfinity = std::numeric_limits<float>::infinity();
inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct Close {
  void operator()(cag_scorer* scorer) const { cag_scorer_close(scorer); }
};
using Scorer = std::unique_ptr<cag_scorer, Close>;

/// A status, and the text where it is not OK.
struct Answer {
  cag_scorer_status status;
  std::string text;
};

/// What a call says; an error's text has to be there, and to end.
template <typename Call>
Answer ask(Call&& call) {
  cag_scorer_error error;
  std::memset(error.text, 'x', sizeof error.text);
  const auto status = call(&error);
  if (status == CAG_SCORER_OK) return {status, ""};
  REQUIRE(std::memchr(error.text, '\0', sizeof error.text) != nullptr);
  REQUIRE(std::strlen(error.text) > 0);
  return {status, error.text};
}

inline Answer open_bytes(const std::string& bytes, const cag_scorer_options* options = nullptr) {
  cag_scorer* scorer = nullptr;
  auto answer = ask([&](auto* error) {
    return cag_scorer_open_bytes(bytes.data(), bytes.size(), options, &scorer, error);
  });
  REQUIRE((scorer != nullptr) == (answer.status == CAG_SCORER_OK));
  cag_scorer_close(scorer);
  return answer;
}

inline Scorer opened(const std::string& bytes, const cag_scorer_options* options = nullptr) {
  cag_scorer* scorer = nullptr;
  cag_scorer_error error{};
  const auto status = cag_scorer_open_bytes(bytes.data(), bytes.size(), options, &scorer, &error);
  INFO(error.text);
  REQUIRE(status == CAG_SCORER_OK);
  return Scorer(scorer);
}

inline std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline const std::filesystem::path kFixture = CAG_KERNELS_TEST_DIR "/score/anchors.safetensors";

/// The anchors of the committed file, as score/make.cpp has them.
inline AnchorBytes example() {
  AnchorBytes file;
  file.doubles("vectors", {5, 3}, {0, 0, 0, 4, 0, 0, 0, 0, 8, 0, 0, 0, 0, 6, 8});
  file.integers("counts", {5, 3, 2, 0, 7});
  file.integers("owner", {0, 1, 1, 2, 3});
  file.doubles("margins", {4}, {1, 2.5, kInfinity, 0.5});
  file.integers("moments.pixels", {50, 30, 0, 70});
  file.doubles("moments.mean", {4, 3}, {0, 0, 0, 2, 0, 4, 0, 0, 0, 0, 6, 8});
  file.doubles("moments.variance", {4, 3}, {1, 2, 3, 4, 5, 6, 0, 0, 0, 7, 8, 9});
  file.metadata["categories"] = R"(["road","sky","a \"quoted\" n\u00e4me","car"])";
  file.metadata["backbone"] = "0123456789abcdef";
  file.metadata["tap"] = "head.2";
  return file;
}

/// K anchors of one category each, around `offset`.
inline AnchorBytes random_file(std::int64_t anchors, std::int64_t width, float offset = 0) {
  const auto values = random_map(1, 1, anchors * width, 7, offset).values;
  AnchorBytes file;
  file.doubles("vectors", {anchors, width}, {values.begin(), values.end()});
  file.integers("counts", std::vector<std::int64_t>(anchors, 1));
  std::string names = "[";
  for (std::int64_t k = 0; k < anchors; ++k)
    names += (k > 0 ? ",\"c" : "\"c") + std::to_string(k) + '"';
  file.metadata["categories"] = names + ']';
  return file;
}

}  // namespace cag::kernels::test
