#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include <ATen/ops/ones.h>
#include <nlohmann/json.hpp>

#include <cag/anchor/anchors.hpp>
#include <cag/error.hpp>
#include <cag/io/safetensors.hpp>

namespace cag::parity {

using Json = nlohmann::ordered_json;

/// One case: what its JSON says, its tensors, and their float64 versions where it has them.
struct Case {
  std::string name;
  std::filesystem::path folder;
  Json json;
  TensorMap tensors;
  TensorMap doubles;

  static Json read_json(const std::filesystem::path& path) {
    std::ifstream file(path);
    return Json::parse(file);
  }

  static Case read(const std::filesystem::path& path, Json json) {
    Case result{path.stem(), path.parent_path(), std::move(json), {}, {}};
    result.tensors = read_safetensors(result.folder / (result.name + ".safetensors"));
    const auto doubles = result.folder / (result.name + "_f64.safetensors");
    if (std::filesystem::exists(doubles)) result.doubles = read_safetensors(doubles);
    return result;
  }

  bool has(const std::string& key) const { return tensors.contains(key); }

  const at::Tensor& tensor(const std::string& key) const {
    const auto found = tensors.find(key);
    if (found == tensors.end()) throw DataError("{}: no tensor {}", name, key);
    return found->second;
  }

  const at::Tensor& most_precise(const std::string& key) const {
    const auto found = doubles.find(key);
    return found == doubles.end() ? tensor(key) : found->second;
  }

  /// [N, 1, h, w] or [N, h, w] -> [N, h, w]
  at::Tensor map(const std::string& key) const {
    const auto& labels = tensor(key);
    return labels.dim() == 4 ? labels.squeeze(1) : labels;
  }

  /// Seen once each.
  static Anchors anchors(const at::Tensor& vectors) {
    return {vectors.to(at::kDouble).contiguous(), at::ones({vectors.size(0)}, at::kLong)};
  }

  /// "file.safetensors:tensor" or "file.safetensors", beside the case.
  at::Tensor elsewhere(const std::string& reference) const {
    const auto colon = reference.find(':');
    const auto file = read_safetensors(folder / reference.substr(0, colon));
    const auto key =
        colon == std::string::npos ? std::string("objective_vectors") : reference.substr(colon + 1);
    const auto found = file.find(key);
    if (found == file.end()) throw DataError("{}: no tensor {}", name, reference);
    return found->second;
  }
};

}  // namespace cag::parity
