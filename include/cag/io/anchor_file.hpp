#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <torch/nn/module.h>

#include <cag/anchor/anchors.hpp>
#include <cag/detail/first_line.hpp>
#include <cag/detail/json.hpp>
#include <cag/detail/merge_anchors.hpp>
#include <cag/detail/naming.hpp>
#include <cag/detail/printable.hpp>
#include <cag/detail/tensor_hash.hpp>
#include <cag/error.hpp>
#include <cag/io/anchors.hpp>
#include <cag/io/backbone_hash.hpp>
#include <cag/io/manifest.hpp>
#include <cag/io/safetensors.hpp>

namespace cag {

/// Anchors with what they are of, as one safetensors file: format cag.anchors, version 1
/// (docs/formats.md).
struct AnchorFile {
  static constexpr std::string_view kFormat = "cag.anchors";  ///< in the file's metadata
  static constexpr std::int64_t kVersion = 1;                 ///< that it reads and writes

  Anchors anchors;
  std::vector<std::string> categories;  ///< the name of each
  std::string backbone{};  ///< backbone_hash of the network whose features they are of; "": unknown
  std::string tap{};       ///< the submodule that gives the features; "": the backbone's own
  std::string mean_of{};   ///< "images" or "pixels": what each is the plain mean of, see
                           ///< cag::mean_of; "": of nothing

  /// Durably; takes the place of a file that is there.
  /// @throws UsageError unless there is a name for each category, CheckpointError where `load`
  ///   would refuse the file, IoError
  void save(const std::filesystem::path& path) const {
    if (std::ssize(categories) != anchors.categories())
      throw UsageError("expected {} category names, got {}", anchors.categories(),
                       categories.size());
    const auto tensors = anchor_tensors(anchors);
    // What cannot be read back is not written.
    anchors_from(tensors, path.string());
    detail::naming(path.string(), [&] { check_texts(); });
    std::map<std::string, std::string> metadata{{"format", std::string(kFormat)},
                                                {"version", std::to_string(kVersion)},
                                                {"producer", std::string(Manifest::kProducer)},
                                                {"categories", listed(categories)},
                                                {"backbone", backbone},
                                                {"tap", tap},
                                                {"mean_of", mean_of}};
    metadata["xxh64"] = seal(tensors, metadata);
    write_safetensors(path, tensors, metadata);
  }

  /// @throws CheckpointError unless the file is whole and undamaged, of a version that this library
  ///   reads; IoError
  static AnchorFile load(const std::filesystem::path& path) {
    auto metadata = read_safetensors_metadata(path);
    return detail::naming(path.string(), [&] {
      const auto text = [&](const char* key) {
        const auto found = metadata.find(key);
        if (found == metadata.end())
          throw CheckpointError("expected an anchor file, whose header has \"{}\", found none",
                                key);
        return found->second;
      };
      if (text("format") != kFormat)
        throw CheckpointError("expected the format {}, found \"{}\"", kFormat, text("format"));
      if (text("version") != std::to_string(kVersion))
        throw CheckpointError("made by {} as {} version {}; this is {}, which reads version {}",
                              text("producer"), kFormat, text("version"), Manifest::kProducer,
                              kVersion);
      const auto tensors = read_safetensors(path);
      const auto sealed = text("xxh64");
      metadata.erase("xxh64");
      if (sealed != seal(tensors, metadata))
        throw CheckpointError("does not match its checksum: damaged or edited");
      AnchorFile file{.anchors = anchors_from(tensors, path.string()),
                      .categories = {},
                      .backbone = text("backbone"),
                      .tap = text("tap"),
                      .mean_of = text("mean_of")};
      const auto names = detail::Json::parse(text("categories"), "categories");
      for (const auto& name : names.as_array()) file.categories.push_back(name.as_string());
      if (std::ssize(file.categories) != file.anchors.categories())
        throw CheckpointError("expected the names of {} categories, found {}",
                              file.anchors.categories(), file.categories.size());
      file.check_texts();
      return file;
    });
  }

  /// @param what  names the anchors in the message
  /// @throws CheckpointError unless the anchors are of the features of this network, or of one
  ///   that is not known
  void expect_backbone(const torch::nn::Module& network, std::string_view what) const {
    if (backbone.empty()) return;
    if (const auto own = backbone_hash(network); own != backbone)
      throw CheckpointError(
          "{}: expected anchors of this network, whose parameters hash to {}, found those of "
          "another, {}: load the network that they were built with, or build anchors with this one",
          what, own, backbone);
  }

  /// The anchors of two parts of the source as those of the whole.
  /// @throws UsageError unless both are plain means of the same thing, over the same categories,
  ///   features and network
  AnchorFile merged(const AnchorFile& other) const {
    const auto same = [](const char* name, const std::string& ours, const std::string& theirs) {
      if (ours != theirs)
        throw UsageError("expected anchors of the same {} to merge, got \"{}\" and \"{}\"", name,
                         ours, theirs);
    };
    same("backbone", backbone, other.backbone);
    same("tap", tap, other.tap);
    same("kind of mean", mean_of, other.mean_of);
    if (categories != other.categories)
      throw UsageError("expected anchors of the same categories to merge, got {} and {}",
                       listed(categories), listed(other.categories));
    if (mean_of.empty())
      throw UsageError(
          "expected anchors that are plain means to merge; these are not: a moving average, a "
          "running mean that has reached its cap, or several of a category");
    try {
      return {detail::merged(anchors, other.anchors), categories, backbone, tap, mean_of};
    } catch (const c10::ValueError& error) {
      throw UsageError("{}", detail::first_line(error));
    }
  }

 private:
  static std::string listed(const std::vector<std::string>& names) {
    return detail::Json(detail::Json::Array(names.begin(), names.end())).dump();
  }

  static constexpr std::size_t kLongest = 256;  // bytes of a text

  /// @throws CheckpointError where a text is none that a table can show, or means nothing
  void check_texts() const {
    const auto check = [](const char* what, const std::string& text) {
      if (text.size() > kLongest)
        throw CheckpointError("expected a {} of at most {} bytes, found {}", what, kLongest,
                              text.size());
      const auto shown = detail::printable(text);
      if (shown != text)
        throw CheckpointError("expected a {} without control characters, found \"{}\"", what,
                              shown);
    };
    std::set<std::string_view> known;
    for (const auto& name : categories) {
      check("category name", name);
      if (name.empty()) throw CheckpointError("expected a name of each category, found none");
      if (!known.insert(name).second)
        throw CheckpointError("expected each category name once, found \"{}\" again", name);
    }
    check("backbone", backbone);
    check("tap", tap);
    if (mean_of != "images" && mean_of != "pixels" && !mean_of.empty())
      throw CheckpointError("expected means of images, pixels or nothing, found \"{}\"",
                            detail::printable(mean_of.substr(0, kLongest)));
  }

  static std::string seal(const TensorMap& tensors,
                          const std::map<std::string, std::string>& metadata) {
    detail::Xxh64 hash;
    for (const auto& [key, value] : metadata)
      hash.update(fmt::format("{} {} {} ", key, value.size(), value));
    detail::hash_tensors(hash, tensors);
    return fmt::format("{:016x}", hash.digest());
  }
};

}  // namespace cag
