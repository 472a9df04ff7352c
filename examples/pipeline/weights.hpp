#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <cag/io/load_weights.hpp>
#include <cag/io/tensor_map.hpp>

#include "pipeline/config.hpp"
#include "pipeline/network.hpp"

namespace pipeline {

/// A file of weights by its groups: safetensors, what Python's torch.save wrote, or the folder of
/// a network such as RUN/networks/stage-1. Which it is, the bytes tell, not the name.
/// @throws cag::CheckpointError, cag::IoError
std::map<std::string, cag::TensorMap> read_groups(const std::filesystem::path& path);

/// The network's weights of such a file.
/// @param key  of the group in a file of torch.save, "" for the usual one
cag::TensorMap read_weights(const std::filesystem::path& path, const std::string& key = "");

/// Copies the weights at `path` into a network: all of it, or, where they are those of
/// torchvision's ResNets, its backbone.
/// @return what was loaded, as a sentence
/// @throws cag::CheckpointError where anything else does not fit; nothing has changed then
std::string load_initial_weights(torch::nn::Module& module, const std::filesystem::path& path);

struct InspectOptions {
  std::filesystem::path file;
  std::string key;
  std::filesystem::path against;  ///< another file, empty for none
};

/// Prints names, types and shapes; or what two files differ in.
/// @return 0, or 4 where there is another file and it differs
int inspect(const InspectOptions& options);

/// The configured network, categories and normalisation with the weights of a file, all of them.
/// @throws cag::CheckpointError where they do not fit
TrainedNetwork network_from(const std::filesystem::path& file, const Config& config,
                            const std::string& key = "");

/// The network that a run starts from: its folder, which has to be of the configured kind,
/// categories and normalisation, or a file of weights, of which only what it says can be checked.
/// @throws cag::CheckpointError where it does not fit
TrainedNetwork load_start(const std::filesystem::path& path, const Config& config);

/// Writes weights in the format that the end of `out` names: .safetensors, or .pth, .pt or .pkl;
/// without an end, as the folder of the configured network.
/// @throws cag::UsageError for any other end
void convert(const std::filesystem::path& file, const std::string& key, const Config& config,
             const std::filesystem::path& out);

}  // namespace pipeline
