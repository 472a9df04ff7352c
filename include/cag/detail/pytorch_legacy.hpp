#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cag/detail/bools.hpp>
#include <cag/detail/little_endian.hpp>
#include <cag/detail/pickle_tensors.hpp>
#include <cag/detail/storage_types.hpp>
#include <cag/detail/unpickler.hpp>
#include <cag/detail/zip_directory.hpp>
#include <cag/error.hpp>

namespace cag::detail {

/// What torch.save wrote before its zip format: the pickles of a magic number, a version, facts
/// about the machine, the object, and the storages' keys, then each storage's size and values.
template <RandomAccess F>
class PytorchLegacy {
 public:
  explicit PytorchLegacy(const F& file) : file_(file), what_(file.name()) {
    // The pickles come first and are small beside the storages, but where they end is not known.
    constexpr std::uint64_t kMostPickles = std::uint64_t{64} << 20;
    text_.resize(std::min(file.size(), kMostPickles));
    file_.read_at(0, text_.data(), text_.size());
  }

  std::map<std::string, TensorMap> groups() {
    expect_header();
    const auto object = next();
    collect(object);
    const auto keys = next();
    std::string().swap(text_);
    read_storages(keys);
    return PickleTensors::of(
        object, [this](const PickledTensor& tensor) { return storages_.at(tensor.key); }, what_);
  }

 private:
  using Kind = PickleNode::Kind;

  Pickle next() {
    Unpickler unpickler(std::string_view(text_).substr(position_), what_);
    auto pickle = std::move(unpickler).load();
    position_ += unpickler.position();
    return pickle;
  }

  void expect_header() {
    constexpr std::string_view kMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
    const auto magic = next();
    const auto* number = node_of(magic.root, Kind::kLong);
    if (number == nullptr || number->text != kMagic) fail("another kind of pickle");
    const auto version = next();
    constexpr std::int64_t kVersion = 1001;
    if (const auto* v = std::get_if<std::int64_t>(&version.root); v == nullptr || *v != kVersion)
      fail("another version than 1001");
    const auto machine = next();
    const auto* facts = node_of(machine.root, Kind::kDict);
    if (facts == nullptr) fail("no facts about the machine");
    for (std::size_t i = 0; i + 1 < facts->items.size(); i += 2) {
      const auto* name = node_of(facts->items[i], Kind::kString);
      const auto* value = std::get_if<bool>(&facts->items[i + 1]);
      if (name != nullptr && name->text == "little_endian" && value != nullptr && !*value)
        fail("big-endian values");
    }
  }

  /// What the storages have to be like.
  void collect(const Pickle& object) {
    for (const auto& node : object.nodes) {
      if (node.kind != Kind::kStorage) continue;
      const auto [known, fresh] = expected_.emplace(node.tensor->key, node.tensor.get());
      if (!fresh && (known->second->type != node.tensor->type ||
                     known->second->storage_size != node.tensor->storage_size))
        fail(fmt::format("two kinds of the storage {}", node.tensor->key));
    }
  }

  void read_storages(const Pickle& keys) {
    const auto* list = node_of(keys.root, Kind::kList);
    if (list == nullptr) fail("no list of storages");
    auto offset = static_cast<std::uint64_t>(position_);
    for (const auto& item : list->items) {
      const auto* key = node_of(item, Kind::kString);
      const auto expected = key == nullptr ? expected_.end() : expected_.find(key->text);
      if (expected == expected_.end()) fail("a storage that no tensor has");
      const auto& tensor = *expected->second;
      const auto type = storage_type(tensor.type);
      std::string size(sizeof(std::int64_t), '\0');
      file_.read_at(offset, size.data(), size.size());
      offset += size.size();
      if (!type || little_endian<std::int64_t>(size) != tensor.storage_size)
        fail(fmt::format("{} values of the storage {} in place of {}",
                         little_endian<std::int64_t>(size), tensor.key, tensor.storage_size));
      const auto bytes = static_cast<std::uint64_t>(tensor.storage_size);
      const auto width = c10::elementSize(*type);
      if (bytes > (file_.size() - offset) / width)
        fail(fmt::format("its end within the storage {}", tensor.key));
      auto storage = at::empty({tensor.storage_size}, at::TensorOptions(*type));
      file_.read_at(offset, static_cast<char*>(storage.mutable_data_ptr()), bytes * width);
      offset += bytes * width;
      expect_bools(storage, what_);
      if (!storages_.emplace(tensor.key, std::move(storage)).second)
        fail(fmt::format("the storage {} twice", tensor.key));
    }
    if (storages_.size() != expected_.size()) fail("tensors whose storages are missing");
    if (offset != file_.size()) fail(fmt::format("{} bytes at its end", file_.size() - offset));
  }

  [[noreturn]] void fail(const std::string& found) const {
    throw CheckpointError("{}: expected a file that torch.save wrote, found {}", what_, found);
  }

  const F& file_;
  std::string what_;
  std::string text_;
  std::size_t position_ = 0;
  std::map<std::string, const PickledTensor*> expected_;
  std::map<std::string, at::Tensor> storages_;
};

template <RandomAccess F>
std::map<std::string, TensorMap> read_pytorch_legacy(const F& file) {
  return PytorchLegacy<F>(file).groups();
}

}  // namespace cag::detail
