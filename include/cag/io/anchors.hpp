#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cag/anchor/anchors.hpp>
#include <cag/detail/naming.hpp>
#include <cag/error.hpp>
#include <cag/io/directory.hpp>
#include <cag/io/tensor_map.hpp>

namespace cag {

/// Anchors as named tensors: "vectors" [K, D] float64 and "counts" [K] int64.
inline TensorMap anchor_tensors(const Anchors& anchors) {
  return {{"vectors", anchors.vectors}, {"counts", anchors.counts}};
}

/// The inverse. `what` names the tensors in messages.
/// @throws CheckpointError unless they are the anchors of `categories` categories, finite, with
///   counts of at least 0
inline Anchors anchors_from(const TensorMap& tensors, std::int64_t categories,
                            std::string_view what) {
  const auto vectors = tensors.find("vectors");
  const auto counts = tensors.find("counts");
  if (tensors.size() != 2 || vectors == tensors.end() || counts == tensors.end())
    throw CheckpointError("{}: expected the tensors vectors and counts, found {} tensors", what,
                          tensors.size());
  const auto& v = vectors->second;
  const auto& n = counts->second;
  if (v.scalar_type() != at::kDouble || v.dim() != 2 || n.scalar_type() != at::kLong ||
      n.dim() != 1 || v.size(0) != n.size(0))
    throw CheckpointError(
        "{}: expected vectors [K, D] float64 and counts [K] int64, found {} {} "
        "and {} {}",
        what, fmt::join(v.sizes().vec(), "x"), c10::toString(v.scalar_type()),
        fmt::join(n.sizes().vec(), "x"), c10::toString(n.scalar_type()));
  if (v.size(0) != categories)
    throw CheckpointError("{}: expected anchors of {} categories, found {}", what, categories,
                          v.size(0));
  if (!v.isfinite().all().item<bool>())
    throw CheckpointError("{}: expected finite vectors, found a value that is not", what);
  if (n.lt(0).any().item<bool>())
    throw CheckpointError("{}: expected counts of at least 0, found {}", what,
                          n.min().item<std::int64_t>());
  return {v.contiguous(), n.contiguous()};
}

/// An anchor directory, format cag.anchors version 1 (docs/formats.md): anchors and the names of
/// their categories.
struct NamedAnchors {
  Anchors anchors;
  std::vector<std::string> categories;

  /// Durably; takes the place of anchors that are at `path`.
  /// @throws UsageError unless there is a name for each category, IoError
  void save(const std::filesystem::path& path) const {
    if (std::ssize(categories) != anchors.categories())
      throw UsageError("expected {} category names, got {}", anchors.categories(),
                       categories.size());
    Json::Array names(categories.begin(), categories.end());
    replace_directory(path, kAnchorsFormat,
                      {{{"anchors", anchor_tensors(anchors)}}, {{"categories", std::move(names)}}});
  }

  /// @throws CheckpointError, IoError
  static NamedAnchors load(const std::filesystem::path& path) {
    const auto contents = load_directory(path, kAnchorsFormat);
    NamedAnchors result;
    const auto names = contents.values.find("categories");
    const auto part = contents.parts.find("anchors");
    if (names == contents.values.end() || part == contents.parts.end())
      throw CheckpointError("{}: expected the part anchors and the value categories",
                            path.string());
    detail::naming(path.string(), [&] {
      for (const auto& name : names->second.as_array())
        result.categories.push_back(name.as_string());
    });
    result.anchors = anchors_from(part->second, std::ssize(result.categories), path.string());
    return result;
  }
};

}  // namespace cag
