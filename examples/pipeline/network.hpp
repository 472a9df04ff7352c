#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <cag/anchor/anchors.hpp>
#include <cag/data/normalisation.hpp>
#include <cag/io/directory.hpp>
#include <cag/model/any_backbone.hpp>
#include <cag/model/prediction.hpp>

#include "pipeline/config.hpp"

namespace pipeline {

inline constexpr cag::DirectoryFormat kNetworkFormat{"cag.network", 1};

/// A network with everything that using it takes: its kind, its weights, the input normalisation
/// and the categories that belong to them.
struct TrainedNetwork {
  Config::Network kind;
  cag::AnyBackbone net;
  std::vector<std::string> categories;
  cag::Normalisation normalisation;
  std::int64_t evaluation_batch = 4;  ///< of the run: re-estimated statistics depend on it

  /// Durably, in place of what is at `path`.
  void save(const std::filesystem::path& path);

  /// @throws cag::CheckpointError, cag::IoError
  static TrainedNetwork load(const std::filesystem::path& path);
};

/// Such as "compact" or "deeplab_v3_plus of depth 101 and output stride 16".
std::string describe(const Config::Network& kind);

/// One forward pass.
/// @throws cag::NumericalError where a logit is not finite
cag::Prediction finite_prediction(cag::AnyBackbone& net, const at::Tensor& images);

/// A network of this kind with fresh weights from LibTorch's default generator.
cag::AnyBackbone make_network(const Config::Network& kind, std::int64_t categories);

}  // namespace pipeline
