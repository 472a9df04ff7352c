#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <fmt/format.h>

#include <cag/detail/little_endian.hpp>
#include <cag/detail/storage_types.hpp>
#include <cag/detail/zip_writer.hpp>
#include <cag/io/tensor_map.hpp>

namespace cag::detail {

/// Tensors as the zip archive that torch.save would write of a state dict.
class PytorchWriter {
 public:
  explicit PytorchWriter(const TensorMap& tensors) {
    std::uint64_t number = 0;
    pickle_ = "\x80\x02";
    empty_ordered_dict();
    pickle_ += '(';
    for (const auto& [name, tensor] : tensors) add(name, tensor, std::to_string(number++));
    pickle_ += "u.";
    archive_.add("archive/data.pkl", pickle_);
    archive_.add("archive/byteorder", "little");
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      const auto& tensor = tensors_[i];
      archive_.add("archive/data/" + std::to_string(i),
                   {static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()});
    }
    archive_.add("archive/version", "3\n");
    archive_.finish();
  }
  PytorchWriter(const PytorchWriter&) = delete;
  PytorchWriter& operator=(const PytorchWriter&) = delete;

  /// Valid while this lives.
  const std::vector<std::string_view>& pieces() const { return archive_.pieces(); }

 private:
  void add(const std::string& name, const at::Tensor& tensor, const std::string& key) {
    TORCH_CHECK_VALUE(tensor.defined() && tensor.layout() == c10::kStrided && !tensor.is_meta() &&
                          storage_name(tensor.scalar_type()),
                      "tensor \"", name, "\": expected a strided tensor of a real type, got ",
                      tensor.defined() ? tensor.toString() : "an undefined one");
    const auto& stored = tensors_.emplace_back(tensor.detach().resolve_neg().cpu().contiguous());
    text(name);
    pickle_ += "ctorch._utils\n_rebuild_tensor_v2\n((";
    text("storage");
    pickle_ += fmt::format("ctorch\n{}\n", *storage_name(stored.scalar_type()));
    text(key);
    text("cpu");
    integer(stored.numel());
    pickle_ += "tQ";
    integer(0);
    integers(stored.sizes());
    integers(stored.strides());
    pickle_ += "\x89";
    empty_ordered_dict();  // of hooks
    pickle_ += "tR";
  }

  void empty_ordered_dict() { pickle_ += "ccollections\nOrderedDict\n)R"; }

  void text(std::string_view value) {
    pickle_ += 'X';
    append_little_endian(pickle_, static_cast<std::uint32_t>(value.size()));
    pickle_ += value;
  }

  void integer(std::int64_t value) {
    pickle_ += "\x8a\x08";
    append_little_endian(pickle_, value);
  }

  void integers(at::IntArrayRef values) {
    pickle_ += '(';
    for (const auto value : values) integer(value);
    pickle_ += 't';
  }

  std::string pickle_;
  std::vector<at::Tensor> tensors_;
  ZipWriter archive_;
};

}  // namespace cag::detail
