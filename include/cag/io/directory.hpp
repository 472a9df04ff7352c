#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cag/detail/aside.hpp>
#include <cag/detail/xxh64.hpp>
#include <cag/error.hpp>
#include <cag/io/encoded_tensors.hpp>
#include <cag/io/file_reader.hpp>
#include <cag/io/file_system.hpp>
#include <cag/io/manifest.hpp>
#include <cag/io/safetensors_decode.hpp>
#include <cag/io/tensor_map.hpp>

namespace cag {

/// Named groups of tensors, each one file of a directory, and small values beside them.
struct DirectoryContents {
  std::map<std::string, TensorMap> parts;  ///< by the file name without .safetensors
  Json::Object values;                     ///< in the manifest
};

namespace detail {

inline constexpr std::string_view kPartSuffix = ".safetensors";

/// A FileReader that hashes what passes through it.
class HashingReader {
 public:
  explicit HashingReader(FileReader file) : file_(std::move(file)) {}

  const std::string& name() const { return file_.name(); }
  std::uint64_t size() const { return file_.size(); }
  void read(char* buffer, std::uint64_t count) {
    file_.read(buffer, count);
    hash_.update({buffer, count});
  }

  void expect_end(std::uint64_t hash) {
    file_.expect_end();
    if (hash_.digest() != hash) {
      throw CheckpointError("{}: expected the checksum {:016x}, found {:016x}: damaged", name(),
                            hash, hash_.digest());
    }
  }

 private:
  FileReader file_;
  Xxh64 hash_;
};

/// Writes a complete, durable directory under the name of nothing.
template <FileSystem Fs>
void write_directory(Fs& fs, const std::filesystem::path& path, const DirectoryFormat& format,
                     const DirectoryContents& contents) {
  Manifest manifest{{}, contents.values};
  // Before anything is written: values that no manifest can hold.
  manifest.encode(format);
  fs.create_directory(path);
  for (const auto& [part, tensors] : contents.parts) {
    const auto name = part + std::string(kPartSuffix);
    check_file_name(name);
    const EncodedTensors encoded(tensors);
    Manifest::File file{0, 0};
    Xxh64 hash;
    for (const auto piece : encoded.pieces()) {
      file.bytes += piece.size();
      hash.update(piece);
    }
    file.xxh64 = hash.digest();
    fs.write_file(path / name, encoded.pieces());
    manifest.files[name] = file;
  }
  const std::string text = manifest.encode(format);
  const std::string_view piece = text;
  fs.write_file(path / Manifest::kFileName, {&piece, 1});
  fs.sync_directory(path);
}

inline FileReader open_part(const std::filesystem::path& directory, const std::string& name,
                            const Manifest::File& expected) {
  auto file = FileReader::without_following(directory / name);
  if (file.size() != expected.bytes) {
    throw CheckpointError("{}: expected {} bytes, found {}", file.name(), expected.bytes,
                          file.size());
  }
  return file;
}

}  // namespace detail

/// Makes `path` a directory of these contents, durably, one file "<part>.safetensors" for each
/// part. After any failure or crash `path` is absent or complete.
/// Throws UsageError where `path` exists, IoError, CheckpointError for a part name that is not of
/// letters, digits, '.', '_' and '-', and what EncodedTensors and Manifest::encode throw.
template <FileSystem Fs = PosixFs>
void save_directory(const std::filesystem::path& path, const DirectoryFormat& format,
                    const DirectoryContents& contents, Fs fs = {}) {
  const detail::Aside aside(path);
  if (fs.exists(aside.final())) {
    throw UsageError("{} exists already: expected a new path", path.string());
  }
  const auto fresh = aside.fresh();
  try {
    detail::write_directory(fs, fresh, format, contents);
    fs.rename(fresh, aside.final());
  } catch (...) {
    detail::remove_quietly(fs, fresh);
    throw;
  }
  fs.sync_directory(aside.parent());
}

/// As save_directory, but takes the place of what is at `path`. After any failure or crash
/// load_directory finds the old contents or the new ones.
template <FileSystem Fs = PosixFs>
void replace_directory(const std::filesystem::path& path, const DirectoryFormat& format,
                       const DirectoryContents& contents, Fs fs = {}) {
  const detail::Aside aside(path);
  const auto fresh = aside.fresh();
  bool moved = false;
  try {
    detail::write_directory(fs, fresh, format, contents);
    if (fs.exists(aside.final())) {
      fs.remove_all(aside.replaced());
      fs.rename(aside.final(), aside.replaced());
      moved = true;
    }
    fs.rename(fresh, aside.final());
  } catch (...) {
    if (moved) {
      // Where even this fails, load_directory still finds the old contents.
      try {
        fs.rename(aside.replaced(), aside.final());
      } catch (...) {
      }
    }
    detail::remove_quietly(fs, fresh);
    throw;
  }
  fs.sync_directory(aside.parent());
  fs.remove_all(aside.replaced());
}

/// Removes what killed writers of `path` left beside it, and finishes a replacement that was cut
/// short. Only for the one process that writes `path`: it would take away the work of another.
template <FileSystem Fs = PosixFs>
void remove_leftovers(const std::filesystem::path& path, Fs fs = {}) {
  detail::Aside(path).clean(fs);
}

/// The manifest of the directory at `path`, after checking that its files are there in full. The
/// checksums of the files are not read. Errors as load_directory.
inline Manifest examine_directory(const std::filesystem::path& path,
                                  const DirectoryFormat& format) {
  auto file = FileReader::without_following(path / Manifest::kFileName);
  if (file.size() > Manifest::kMaxBytes) {
    throw CheckpointError("{}: expected at most {} bytes, found {}", file.name(),
                          Manifest::kMaxBytes, file.size());
  }
  std::string text(file.size(), '\0');
  file.read(text.data(), text.size());
  file.expect_end();
  auto manifest = Manifest::parse(text, format, file.name());
  for (const auto& [name, expected] : manifest.files) detail::open_part(path, name, expected);
  return manifest;
}

/// Reads what save_directory or replace_directory wrote, verifying every size and checksum. Files
/// that the manifest does not list are ignored, links in the directory are refused.
/// Throws IoError where something cannot be read, CheckpointError where it is not intact, is of
/// another format, or was made by a newer version.
inline DirectoryContents load_directory(const std::filesystem::path& path,
                                        const DirectoryFormat& format) {
  const detail::Aside aside(path);
  const PosixFs fs;
  const auto directory =
      !fs.exists(aside.final()) && fs.exists(aside.replaced()) ? aside.replaced() : aside.final();
  auto manifest = examine_directory(directory, format);
  DirectoryContents contents{{}, std::move(manifest.values)};
  for (const auto& [name, expected] : manifest.files) {
    if (!name.ends_with(detail::kPartSuffix)) {
      throw CheckpointError("{}: expected files \"*{}\", found \"{}\"", directory.string(),
                            detail::kPartSuffix, name);
    }
    detail::HashingReader file(detail::open_part(directory, name, expected));
    auto& part = contents.parts[name.substr(0, name.size() - detail::kPartSuffix.size())];
    part = decode_safetensors(file);
    file.expect_end(expected.xxh64);
  }
  return contents;
}

}  // namespace cag
