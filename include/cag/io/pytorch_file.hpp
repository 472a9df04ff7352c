#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/ranges.h>

#include <cag/detail/pickle_tensors.hpp>
#include <cag/detail/pytorch_legacy.hpp>
#include <cag/detail/pytorch_zip.hpp>
#include <cag/error.hpp>
#include <cag/io/file_reader.hpp>
#include <cag/io/tensor_map.hpp>

namespace cag {

/// The tensors and numpy arrays of a file that Python's torch.save wrote, in its zip format or the
/// one before. A pickle is a program: none of it is run, and whatever is not on the list of what
/// such files need is refused by name.
///
/// Tensors that share a storage there share their memory here.
class PytorchFile {
 public:
  /// @throws IoError where the file cannot be read, CheckpointError where it is not such a file, is
  ///   damaged, or holds an opcode, a global or a type that is not on the list. Reading allocates
  ///   no more than the size of the file and about 256 MiB.
  static PytorchFile read(const std::filesystem::path& path) {
    FileReader file(path);
    std::string start(std::min<std::uint64_t>(file.size(), 262), '\0');
    file.read_at(0, start.data(), start.size());
    if (start.starts_with("PK")) return {path, detail::read_pytorch_zip(file)};
    if (start.size() == 262 && start.ends_with("ustar"))
      throw CheckpointError(
          "{}: a file in the tar format of PyTorch before 0.4: load and save it with a newer one",
          path.string());
    if (start.starts_with('\x80')) return {path, detail::read_pytorch_legacy(file)};
    throw CheckpointError("{}: expected a file that torch.save wrote, found another kind",
                          path.string());
  }

  /// By the dotted path of the dict they are entries of, "" for the outermost: the state dict of
  /// `{"model": net.state_dict(), "iter": 3}` is groups().at("model").
  const std::map<std::string, TensorMap>& groups() const { return groups_; }

  /// The network's weights: the group `key`, "." for the outermost; or where it is empty the one
  /// that files call state_dict, model_state, model_state_dict, model, net, network or module, or
  /// the only one. A prefix "module." that all names have is taken off.
  /// @throws CheckpointError listing the groups where there is no such group, or none stands out
  TensorMap weights(const std::string& key = "") const {
    const auto& group = key.empty() ? usual_group() : named_group(key);
    constexpr std::string_view kParallel = "module.";
    TensorMap result;
    for (const auto& [name, tensor] : group) {
      if (!name.starts_with(kParallel)) return group;
      result.emplace(name.substr(kParallel.size()), tensor);
    }
    return result;
  }

 private:
  PytorchFile(std::filesystem::path path, std::map<std::string, TensorMap> groups)
      : path_(std::move(path)), groups_(std::move(groups)) {}

  const TensorMap& named_group(const std::string& key) const {
    const auto found = groups_.find(key == "." ? "" : key);
    if (found == groups_.end()) fail(fmt::format("the tensors of {}", key));
    return found->second;
  }

  const TensorMap& usual_group() const {
    if (groups_.size() == 1) return groups_.begin()->second;
    constexpr std::string_view kUsual[] = {
        "state_dict", "model_state", "model_state_dict", "model", "net", "network", "module"};
    for (const auto usual : kUsual) {
      const TensorMap* found = nullptr;
      for (const auto& [name, group] : groups_) {
        if (name.substr(name.rfind('.') + 1) != usual) continue;
        if (found != nullptr) fail("one group of tensors, or the name of one");
        found = &group;
      }
      if (found != nullptr) return *found;
    }
    fail("one group of tensors, or the name of one");
  }

  [[noreturn]] void fail(const std::string& expected) const {
    std::vector<std::string> names;
    for (const auto& [name, group] : groups_)
      names.push_back(fmt::format("\"{}\" ({} tensors)", name.empty() ? "." : name, group.size()));
    throw CheckpointError("{}: expected {}, found {}", path_.string(), expected,
                          names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")));
  }

  std::filesystem::path path_;
  std::map<std::string, TensorMap> groups_;
};

}  // namespace cag
