#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <c10/util/Exception.h>

#include <cag/detail/json.hpp>
#include <cag/detail/safetensors_types.hpp>
#include <cag/io/tensor_map.hpp>

namespace cag {

/// Tensors as the bytes of a safetensors file, without copying those that are contiguous on the
/// CPU already: do not change them while this lives. Equal tensors give equal bytes.
class EncodedTensors {
 public:
  /// Any strided tensors of a type the format knows, on any device.
  /// Throws c10::ValueError for other tensors, CheckpointError for names the format cannot hold.
  explicit EncodedTensors(const TensorMap& tensors,
                          const std::map<std::string, std::string>& metadata = {}) {
    for (const auto& [name, tensor] : tensors) add(name, tensor);
    // Larger types first, as Python's safetensors does: then all data are aligned to their type.
    std::stable_sort(entries_.begin(), entries_.end(),
                     [](const auto& a, const auto& b) { return a.type.bytes > b.type.bytes; });
    write_header(metadata);
    pieces_.emplace_back(header_);
    for (const auto& entry : entries_) {
      pieces_.emplace_back(static_cast<const char*>(entry.tensor.const_data_ptr()),
                           entry.tensor.nbytes());
    }
  }
  EncodedTensors(const EncodedTensors&) = delete;
  EncodedTensors& operator=(const EncodedTensors&) = delete;

  /// The bytes of the file, one piece after another; valid while this lives.
  const std::vector<std::string_view>& pieces() const { return pieces_; }

 private:
  struct Entry {
    std::string name;
    at::Tensor tensor;
    detail::StoredType type;
  };

  void add(const std::string& name, const at::Tensor& tensor) {
    TORCH_CHECK_VALUE(tensor.defined(), "tensor \"", name,
                      "\": expected a tensor, got an undefined one");
    const auto type = detail::stored_type(tensor.scalar_type());
    TORCH_CHECK_VALUE(type && tensor.layout() == c10::kStrided && !tensor.is_meta(), "tensor \"",
                      name, "\": expected a strided tensor of a real type, got ",
                      tensor.toString());
    TORCH_CHECK_VALUE(tensor.dim() <= static_cast<std::int64_t>(detail::kMaxRank), "tensor \"",
                      name, "\": expected at most ", detail::kMaxRank, " dimensions, got ",
                      tensor.dim());
    if (name == "__metadata__") throw CheckpointError("no tensor can be named \"__metadata__\"");
    entries_.push_back({name, tensor.detach().resolve_neg().cpu().contiguous(), *type});
  }

  void write_header(const std::map<std::string, std::string>& metadata) {
    detail::Json::Object header;
    std::uint64_t offset = 0;
    for (const auto& entry : entries_) {
      const auto end = offset + entry.tensor.nbytes();
      detail::Json::Array shape;
      for (const auto size : entry.tensor.sizes()) shape.emplace_back(size);
      header.emplace(entry.name,
                     detail::Json::Object{{"dtype", entry.type.name},
                                          {"shape", std::move(shape)},
                                          {"data_offsets", detail::Json::Array{offset, end}}});
      offset = end;
    }
    if (!metadata.empty()) {
      header.emplace("__metadata__", detail::Json::Object(metadata.begin(), metadata.end()));
    }
    auto text = detail::Json(std::move(header)).dump();
    text.append((8 - text.size() % 8) % 8, ' ');
    if (text.size() > detail::kMaxHeaderBytes) {
      throw CheckpointError("expected a safetensors header of at most {} bytes, {} tensors need {}",
                            detail::kMaxHeaderBytes, entries_.size(), text.size());
    }
    const std::uint64_t length = text.size();
    header_.assign(reinterpret_cast<const char*>(&length), sizeof length);
    header_ += text;
  }

  std::vector<Entry> entries_;
  std::string header_;
  std::vector<std::string_view> pieces_;
};

}  // namespace cag
