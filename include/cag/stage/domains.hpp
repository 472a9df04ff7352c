#pragma once

#include <concepts>
#include <cstdint>

#include <cag/data/batch.hpp>
#include <cag/data/batch_source.hpp>
#include <cag/detail/batch_images.hpp>

namespace cag {

/// What a run reads: augmented training batches of both domains, and each domain's images once, as
/// they are, for anchors and batch-norm statistics. It refers to its parts; they outlive it.
template <BatchSource<LabelledBatch> Source, typename Target, BatchList<LabelledBatch> CleanSource,
          BatchList<UnlabelledBatch> CleanTarget>
struct Domains {
  Source& source;             ///< LabelledBatch by number, for training
  Target& target;             ///< UnlabelledBatch by number, for training
  CleanSource& clean_source;  ///< each source image once
  CleanTarget& clean_target;  ///< each target image once
};

template <typename S, typename T, typename CS, typename CT>
Domains(S&, T&, CS&, CT&) -> Domains<S, T, CS, CT>;

/// Data whose target has no labels, which is all that adaptation accepts.
template <typename D>
concept AdaptationData = requires(D& data, std::int64_t number) {
  { data.source.batch(number) } -> std::same_as<LabelledBatch>;
  { data.target.batch(number) } -> std::same_as<UnlabelledBatch>;
  { data.clean_source.batch(number) } -> std::same_as<LabelledBatch>;
  { data.clean_target.batch(number) } -> std::same_as<UnlabelledBatch>;
};

/// The images of a BatchList, batch by batch.
template <typename List>
detail::BatchImages<List> images_of(List& list) {
  return detail::BatchImages<List>(list);
}

}  // namespace cag
