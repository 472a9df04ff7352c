#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <utility>

#include <cag/data/image_size.hpp>
#include <cag/data/sample.hpp>

namespace cag {

/// A fixed list of images: `name(i)` and `get(i)` for i in [0, size()).
/// Not checkable here: const members may be called from several threads; `get(i)` always gives the
/// same sample, or throws an Error that names the file.
template <typename D>
concept Dataset = std::copy_constructible<D> && requires(const D dataset, std::int64_t i) {
  { dataset.size() } -> std::convertible_to<std::int64_t>;
  { dataset.name(i) } -> std::convertible_to<std::string>;
  { dataset.get(i) } -> Sample;
};

/// The kind of sample that a Dataset holds.
template <Dataset D>
using SampleOf = decltype(std::declval<const D&>().get(0));

/// One that knows the sizes of its images without decoding them.
template <typename D>
concept SizedDataset = Dataset<D> && requires(const D dataset, std::int64_t i) {
  { dataset.image_size(i) } -> std::same_as<ImageSize>;
};

/// Images with truth.
template <typename D>
concept SourceDataset = Dataset<D> && std::same_as<SampleOf<D>, LabelledSample>;

/// Images without truth.
template <typename D>
concept TargetDataset = Dataset<D> && std::same_as<SampleOf<D>, UnlabelledSample>;

}  // namespace cag
