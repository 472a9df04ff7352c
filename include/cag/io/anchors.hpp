#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/ranges.h>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>

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

  /// @param fine  as `tensor`: of each value, whether it may be there
  void expect(const at::Tensor& fine, const at::Tensor& tensor, std::string_view expected) const {
    if (fine.all().item<bool>()) return;
    const auto index = fine.logical_not().nonzero()[0];
    auto value = tensor;
    std::vector<std::int64_t> place;
    for (std::int64_t d = 0; d < index.numel(); ++d) {
      place.push_back(index[d].item<std::int64_t>());
      value = value[place.back()];
    }
    throw CheckpointError("{}: expected {}, found {} at [{}]", what_, expected,
                          value.item<double>(), fmt::join(place, ", "));
  }

  void expect_end() const {
    if (!tensors_.empty())
      throw CheckpointError("{}: unexpected tensor {}", what_, tensors_.begin()->first);
  }

 private:
  TensorMap tensors_;
  std::string_view what_;
};

}  // namespace detail

/// The inverse. `what` names the tensors in messages.
/// @throws CheckpointError unless they are anchors: of these types and shapes, finite, with counts
///   of at least 0
inline Anchors anchors_from(const TensorMap& tensors, std::string_view what) {
  detail::AnchorTensors in(tensors, what);
  Anchors anchors;
  anchors.vectors = in.take("vectors", at::kDouble, {-1, -1});
  const auto rows = anchors.vectors.size(0), width = anchors.vectors.size(1);
  if (rows < 1 || width < 1)
    throw CheckpointError("{}: expected one anchor or more, of width 1 or more, found [{}, {}]",
                          what, rows, width);
  in.expect(anchors.vectors.isfinite(), anchors.vectors, "finite vectors");
  anchors.counts = in.take("counts", at::kLong, {rows});
  in.expect(anchors.counts.ge(0), anchors.counts, "counts of at least 0");
  if (in.has("owner")) {
    anchors.owner = in.take("owner", at::kLong, {rows});
    const auto before = at::cat({anchors.owner.slice(0, 0, 1), anchors.owner.slice(0, 0, -1)});
    auto fine = anchors.owner.eq(before).logical_or_(anchors.owner.eq(before + 1));
    fine[0] = anchors.owner[0].eq(0);
    in.expect(fine, anchors.owner, "an ascending owner from 0 that leaves out no category");
  }
  const auto categories = anchors.categories();
  if (in.has("margins")) {
    anchors.margins = in.take("margins", at::kDouble, {categories});
    in.expect(anchors.margins.ge(0), anchors.margins, "margins of at least 0");
  }
  if (in.has("moments.pixels")) {
    auto& moments = anchors.moments.emplace();
    moments.pixels = in.take("moments.pixels", at::kLong, {categories});
    moments.mean = in.take("moments.mean", at::kDouble, {categories, width});
    moments.covariance =
        in.has("moments.covariance")
            ? in.take("moments.covariance", at::kDouble, {categories, width, width})
            : in.take("moments.variance", at::kDouble, {categories, width});
    const auto variance = moments.variance();
    in.expect(moments.pixels.ge(0), moments.pixels, "moments of at least 0 pixels");
    in.expect(moments.mean.isfinite(), moments.mean, "means of moments that are finite");
    in.expect(moments.covariance.isfinite(), moments.covariance, "covariances that are finite");
    in.expect(variance.ge(0), variance, "variances of at least 0");
  }
  in.expect_end();
  return anchors;
}

}  // namespace cag
