#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include <cag/detail/aside.hpp>
#include <cag/error.hpp>
#include <cag/io/file_system.hpp>

namespace cag {

namespace detail {

/// A file system's error as one of `final`, the path that its reader knows, not of `fresh`.
inline IoError naming_final(const IoError& error, const std::filesystem::path& fresh,
                            const std::filesystem::path& final) {
  std::string text = error.what();
  const auto replace = [&](const std::string& from, const std::string& to) {
    if (const auto at = text.find(from); at != text.npos) text.replace(at, from.size(), to);
  };
  replace(fmt::format("rename {} to {}", fresh.string(), final.string()),
          "put a file at " + final.string());
  replace(fresh.string(), final.string());
  return IoError("{}", text);
}

}  // namespace detail

/// Makes `path` a file of these bytes, one piece after another, durably. After any failure or
/// crash `path` holds the old bytes or the new ones. Throws IoError.
template <FileSystem Fs = PosixFs>
void replace_file(const std::filesystem::path& path, std::span<const std::string_view> pieces,
                  Fs fs = {}) {
  const detail::Aside aside(path);
  const auto fresh = aside.fresh();
  try {
    fs.write_file(fresh, pieces);
    fs.rename(fresh, aside.final());
  } catch (const IoError& error) {
    detail::remove_quietly(fs, fresh);
    throw detail::naming_final(error, fresh, aside.final());
  } catch (...) {
    detail::remove_quietly(fs, fresh);
    throw;
  }
  fs.sync_directory(aside.parent());
}

}  // namespace cag
