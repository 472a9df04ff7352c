#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/ranges.h>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

#include <cag/anchor/anchors.hpp>
#include <cag/error.hpp>
#include <cag/io/tensor_map.hpp>

namespace cag {

/// Anchors as named tensors, in the shapes of Anchors: "vectors" and "counts"; where there are any
/// "owner" and "margins"; of moments "moments.pixels", "moments.mean", and "moments.covariance" or,
/// of its diagonal, "moments.variance".
inline TensorMap anchor_tensors(const Anchors& anchors) {
  TensorMap tensors{{"vectors", anchors.vectors}, {"counts", anchors.counts}};
  if (anchors.owner.defined()) tensors["owner"] = anchors.owner;
  if (anchors.margins.defined()) tensors["margins"] = anchors.margins;
  if (const auto& moments = anchors.moments) {
    tensors["moments.pixels"] = moments->pixels;
    tensors["moments.mean"] = moments->mean;
    tensors[moments->full() ? "moments.covariance" : "moments.variance"] = moments->covariance;
  }
  return tensors;
}

namespace detail {

/// Takes named tensors one by one, each of a type and shape.
class AnchorTensors {
 public:
  AnchorTensors(TensorMap tensors, std::string_view what)
      : tensors_(std::move(tensors)), what_(what) {}

  bool has(const std::string& name) const { return tensors_.contains(name); }

  /// @param shape  -1: any size
  at::Tensor take(const std::string& name, at::ScalarType type, std::vector<std::int64_t> shape) {
    const auto found = tensors_.extract(name);
    if (found.empty()) throw CheckpointError("{}: expected the tensor {}, found none", what_, name);
    const auto& tensor = found.mapped();
    bool fits = tensor.scalar_type() == type && tensor.dim() == std::ssize(shape);
    for (std::size_t d = 0; fits && d < shape.size(); ++d)
      fits = shape[d] < 0 || tensor.size(static_cast<std::int64_t>(d)) == shape[d];
    if (!fits)
      throw CheckpointError("{}: expected {} as {} [{}], found {} [{}]", what_, name,
                            c10::toString(type), fmt::join(shape, ", "),
                            c10::toString(tensor.scalar_type()),
                            fmt::join(tensor.sizes().vec(), ", "));
    return tensor.contiguous();
  }

  void expect(bool fine, std::string_view expected) const {
    if (!fine) throw CheckpointError("{}: expected {}, found others", what_, expected);
  }

  void expect_end() const {
    if (!tensors_.empty())
      throw CheckpointError("{}: unexpected tensor {}", what_, tensors_.begin()->first);
  }

 private:
  TensorMap tensors_;
  std::string_view what_;
};

inline bool all(const at::Tensor& condition) { return condition.all().item<bool>(); }

}  // namespace detail

/// The inverse. `what` names the tensors in messages.
/// @throws CheckpointError unless they are anchors: of these types and shapes, finite, with counts
///   of at least 0
inline Anchors anchors_from(const TensorMap& tensors, std::string_view what) {
  detail::AnchorTensors in(tensors, what);
  Anchors anchors;
  anchors.vectors = in.take("vectors", at::kDouble, {-1, -1});
  const auto rows = anchors.vectors.size(0), width = anchors.vectors.size(1);
  in.expect(rows >= 1 && detail::all(anchors.vectors.isfinite()), "finite vectors, at least one");
  anchors.counts = in.take("counts", at::kLong, {rows});
  in.expect(detail::all(anchors.counts.ge(0)), "counts of at least 0");
  if (in.has("owner")) {
    anchors.owner = in.take("owner", at::kLong, {rows});
    const auto steps = anchors.owner.diff();
    in.expect(anchors.owner[0].item<std::int64_t>() == 0 &&
                  detail::all(steps.ge(0).logical_and_(steps.le(1))),
              "an ascending owner that leaves out no category");
  }
  const auto categories = anchors.categories();
  if (in.has("margins")) {
    anchors.margins = in.take("margins", at::kDouble, {categories});
    in.expect(detail::all(anchors.margins.ge(0)), "margins of at least 0");
  }
  if (in.has("moments.pixels")) {
    auto& moments = anchors.moments.emplace();
    moments.pixels = in.take("moments.pixels", at::kLong, {categories});
    moments.mean = in.take("moments.mean", at::kDouble, {categories, width});
    moments.covariance =
        in.has("moments.covariance")
            ? in.take("moments.covariance", at::kDouble, {categories, width, width})
            : in.take("moments.variance", at::kDouble, {categories, width});
    in.expect(detail::all(moments.pixels.ge(0)) && detail::all(moments.mean.isfinite()) &&
                  detail::all(moments.covariance.isfinite()) &&
                  detail::all(moments.variance().ge(0)),
              "moments that are finite, with pixels and variances of at least 0");
  }
  in.expect_end();
  return anchors;
}

}  // namespace cag
