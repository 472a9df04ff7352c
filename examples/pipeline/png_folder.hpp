#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <cag/data/sample.hpp>

namespace pipeline {

/// The *.png files in a folder and those below it, by their path from there, without the suffix: a
/// cag::TargetDataset. Names that begin with a dot are passed over, links to folders not followed.
class PngFolder {
 public:
  /// @param except  a folder below `root` to pass over; empty: none
  /// @throws cag::DataError where the folder cannot be read or holds no image
  explicit PngFolder(std::filesystem::path root, const std::filesystem::path& except = {});

  std::int64_t size() const { return std::ssize(*names_); }
  const std::string& name(std::int64_t i) const { return names_->at(static_cast<std::size_t>(i)); }

  /// @throws cag::DataError naming the file
  cag::UnlabelledSample get(std::int64_t i) const;

 private:
  std::filesystem::path root_;
  std::shared_ptr<const std::vector<std::string>> names_;
};

}  // namespace pipeline
