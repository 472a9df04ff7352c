#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cag/detail/bools.hpp>
#include <cag/detail/crc32.hpp>
#include <cag/detail/pickle_tensors.hpp>
#include <cag/detail/storage_types.hpp>
#include <cag/detail/unpickler.hpp>
#include <cag/detail/zip_directory.hpp>
#include <cag/error.hpp>

namespace cag::detail {

/// The zip archive that torch.save writes: NAME/data.pkl and NAME/data/KEY, one per storage. Every
/// entry that is read has to have its checksum.
template <RandomAccess F>
class PytorchZip {
 public:
  explicit PytorchZip(const F& file)
      : file_(file), what_(file.name()), entries_(ZipDirectoryReader<F>::read(file)) {
    constexpr std::string_view kPickle = "/data.pkl";
    for (const auto& [name, entry] : entries_) {
      if (!name.ends_with(kPickle)) continue;
      if (!folder_.empty()) throw CheckpointError("{}: expected one data.pkl, found two", what_);
      folder_ = name.substr(0, name.size() - kPickle.size() + 1);
    }
    if (entries_.contains(folder_ + "constants.pkl"))
      throw CheckpointError(
          "{}: expected a file of tensors, found a TorchScript archive, which is a program", what_);
    if (folder_.empty())
      throw CheckpointError(
          "{}: expected a file that torch.save wrote, found a zip archive of {} "
          "others",
          what_, entries_.size());
  }

  std::map<std::string, TensorMap> groups() {
    constexpr std::uint64_t kMostPickle = std::uint64_t{64} << 20;
    if (const auto order = entries_.find(folder_ + "byteorder"); order != entries_.end()) {
      if (const auto text = bytes(*order, 64); text != "little")
        throw CheckpointError("{}: expected the byte order little, found {}", what_, text);
    }
    const auto pickle = bytes(*entries_.find(folder_ + "data.pkl"), kMostPickle);
    return PickleTensors::of(
        Unpickler(pickle, what_).load(),
        [this](const PickledTensor& tensor) { return storage(tensor); }, what_);
  }

 private:
  using Named = ZipDirectory::value_type;

  at::Tensor storage(const PickledTensor& tensor) {
    const auto known = storages_.find(tensor.key);
    const auto type = storage_type(tensor.type);
    const auto name = folder_ + "data/" + tensor.key;
    const auto found = entries_.find(name);
    if (!type || found == entries_.end())
      throw CheckpointError("{}: expected a {} of {} values at {}, found none", what_, tensor.type,
                            tensor.storage_size, name);
    const auto bytes = c10::elementSize(*type);
    const auto& entry = found->second;
    expect_stored(*found);
    if (entry.size % bytes != 0 ||
        entry.size / bytes != static_cast<std::uint64_t>(tensor.storage_size))
      throw CheckpointError("{}: expected a {} of {} values at {}, found {} bytes", what_,
                            tensor.type, tensor.storage_size, name, entry.size);
    if (known != storages_.end()) {
      if (known->second.scalar_type() != *type)
        throw CheckpointError("{}: expected one type of values at {}, found two", what_, name);
      return known->second;
    }
    auto storage = at::empty({tensor.storage_size}, at::TensorOptions(*type));
    auto* data = static_cast<char*>(storage.mutable_data_ptr());
    file_.read_at(entry.begin, data, entry.size);
    expect_checksum(*found, {data, entry.size});
    expect_bools(storage, name);
    return storages_.emplace(tensor.key, storage).first->second;
  }

  std::string bytes(const Named& named, std::uint64_t most) const {
    const auto& [name, entry] = named;
    expect_stored(named);
    if (entry.size > most)
      throw CheckpointError("{}: expected {} of at most {} bytes, found {}", what_, name, most,
                            entry.size);
    std::string result(entry.size, '\0');
    file_.read_at(entry.begin, result.data(), entry.size);
    expect_checksum(named, result);
    return result;
  }

  void expect_stored(const Named& named) const {
    if (named.second.compressed)
      throw CheckpointError("{}: expected {} as it is, found it compressed", what_, named.first);
  }

  void expect_checksum(const Named& named, std::string_view bytes) const {
    if (const auto found = crc32(bytes); found != named.second.crc)
      throw CheckpointError("{}: expected the checksum {:08x} of {}, found {:08x}: damaged", what_,
                            named.second.crc, named.first, found);
  }

  const F& file_;
  std::string what_;
  ZipDirectory entries_;
  std::string folder_;  ///< with its slash
  std::map<std::string, at::Tensor> storages_;
};

template <RandomAccess F>
std::map<std::string, TensorMap> read_pytorch_zip(const F& file) {
  return PytorchZip<F>(file).groups();
}

}  // namespace cag::detail
