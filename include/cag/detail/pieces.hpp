#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include <ATen/core/Tensor.h>

namespace cag::detail {

/// The batches of a BatchSource, one of `parts` equal pieces at a time. One batch is kept, so that
/// its pieces read it once.
template <typename Source>
class Pieces {
 public:
  Pieces(Source& source, std::int64_t parts, const std::int64_t& part)
      : source_(source), parts_(parts), part_(part) {}

  auto batch(std::int64_t number) {
    if (!whole_ || number_ != number) whole_ = source_.batch(number);
    number_ = number;
    auto piece = *whole_;
    const auto size = piece.images.size(0);
    TORCH_CHECK_VALUE(size % parts_ == 0, "expected a batch that ", parts_,
                      " micro-batches divide, got ", size, " images");
    const auto length = size / parts_;
    piece.images = piece.images.narrow(0, part_ * length, length);
    if constexpr (requires { piece.labels; })
      piece.labels = piece.labels.narrow(0, part_ * length, length);
    return piece;
  }

 private:
  using Batch = decltype(std::declval<Source&>().batch(0));
  Source& source_;
  std::int64_t parts_;
  const std::int64_t& part_;
  std::optional<Batch> whole_;
  std::int64_t number_ = 0;
};

}  // namespace cag::detail
