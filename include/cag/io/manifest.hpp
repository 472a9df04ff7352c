#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <cag/detail/json.hpp>
#include <cag/detail/naming.hpp>
#include <cag/detail/xxh64.hpp>
#include <cag/error.hpp>

namespace cag {

/// A JSON value, as manifests hold them.
using Json = detail::Json;

/// What a directory of files is, and how its contents are laid out.
struct DirectoryFormat {
  std::string_view name;
  std::int64_t version;  ///< the newest that this library reads, and the one it writes
};

/// Checkpoints of a run.
inline constexpr DirectoryFormat kCheckpointFormat{"cag.checkpoint", 1};

/// The manifest.json of a directory: which files belong to it, with their sizes and checksums, and
/// small values. Its last member is the checksum of all the text in front of it, so that damage to
/// the manifest itself is found too.
struct Manifest {
  static constexpr std::string_view kFileName = "manifest.json";  ///< in its directory
  static constexpr std::string_view kProducer =
      "cag 0.1.0";  ///< written for messages; nothing depends on it
  /// Bounds what reading a manifest allocates; larger values belong in a tensor.
  static constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 20;

  /// What a file of the directory has to be.
  struct File {
    std::uint64_t bytes;  ///< its size
    std::uint64_t xxh64;  ///< of its bytes, with seed 0

    friend bool operator==(const File&, const File&) = default;
  };

  std::map<std::string, File> files;  ///< by name
  Json::Object values;

  /// Throws CheckpointError where a file name is unsafe or the text passes kMaxBytes, and what
  /// Json::dump throws.
  std::string encode(const DirectoryFormat& format) const;

  /// `what` names the text in messages. Throws CheckpointError unless the text is an undamaged
  /// manifest of this format, in a version this library reads.
  static Manifest parse(std::string_view text, const DirectoryFormat& format,
                        const std::string& what);
};

namespace detail {

/// Letters, digits, '.', '_' and '-' only, so that no name leaves its directory or needs quoting.
inline void check_file_name(std::string_view name) {
  const auto safe = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  if (name.empty() || name == "." || name == ".." || name == Manifest::kFileName ||
      !std::all_of(name.begin(), name.end(), safe)) {
    throw CheckpointError("expected a file name of letters, digits, '.', '_' and '-', found \"{}\"",
                          name);
  }
}

/// How the text of a manifest ends: the checksum of what is in front, as the member that sorts
/// last.
inline std::string manifest_seal(std::string_view text) {
  return fmt::format(",\"xxh64\":\"{:016x}\"}}\n", xxh64(text));
}

inline std::uint64_t parse_hash(const std::string& text) {
  std::uint64_t hash = 0;
  const auto* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, hash, 16);
  if (text.size() != 16 || result.ec != std::errc{} || result.ptr != end) {
    throw CheckpointError("expected a checksum of 16 hexadecimal digits, found \"{}\"", text);
  }
  return hash;
}

inline void check_format(const Json& manifest, const DirectoryFormat& format) {
  const auto& found = manifest.at("format").as_string();
  if (found != format.name) {
    throw CheckpointError("expected the format {}, found \"{}\"", format.name, found);
  }
  const auto version = manifest.at("version").as_int64();
  if (version < 1 || version > format.version) {
    throw CheckpointError("made by {} as {} version {}; this is {}, which reads versions 1 to {}",
                          manifest.at("producer").as_string(), found, version, Manifest::kProducer,
                          format.version);
  }
}

inline Manifest read_manifest_members(const Json& json) {
  Manifest manifest;
  for (const auto& [key, member] : json.as_object()) {
    static constexpr std::array<std::string_view, 6> kKnown{"files",  "format",  "producer",
                                                            "values", "version", "xxh64"};
    if (std::find(kKnown.begin(), kKnown.end(), key) == kKnown.end()) {
      throw CheckpointError("unexpected member \"{}\"", key);
    }
  }
  for (const auto& [name, file] : json.at("files").as_object()) {
    check_file_name(name);
    manifest.files[name] = {file.at("bytes").as_uint64(), parse_hash(file.at("xxh64").as_string())};
  }
  manifest.values = json.at("values").as_object();
  return manifest;
}

}  // namespace detail

inline std::string Manifest::encode(const DirectoryFormat& format) const {
  Json::Object listed;
  for (const auto& [name, file] : files) {
    detail::check_file_name(name);
    listed[name] =
        Json::Object{{"bytes", file.bytes}, {"xxh64", fmt::format("{:016x}", file.xxh64)}};
  }
  auto text = Json(Json::Object{{"format", format.name},
                                {"version", format.version},
                                {"producer", kProducer},
                                {"files", std::move(listed)},
                                {"values", values}})
                  .dump();
  text.pop_back();
  text += detail::manifest_seal(text);
  if (text.size() > kMaxBytes) {
    throw CheckpointError("expected a manifest of at most {} bytes, its values need {}", kMaxBytes,
                          text.size());
  }
  return text;
}

inline Manifest Manifest::parse(std::string_view text, const DirectoryFormat& format,
                                const std::string& what) {
  const auto json = Json::parse(text, what);
  return detail::naming(what, [&] {
    // The format first: a newer one may be laid out or sealed in another way.
    detail::check_format(json, format);
    const auto seal_bytes = detail::manifest_seal("").size();
    if (text.size() < seal_bytes ||
        text.substr(text.size() - seal_bytes) !=
            detail::manifest_seal(text.substr(0, text.size() - seal_bytes))) {
      throw CheckpointError("does not match its checksum: damaged or edited");
    }
    return detail::read_manifest_members(json);
  });
}

}  // namespace cag
