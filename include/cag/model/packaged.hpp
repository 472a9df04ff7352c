#pragma once

#include <concepts>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/csrc/inductor/aoti_package/model_package_loader.h>

#include <cag/detail/first_line.hpp>
#include <cag/detail/processor.hpp>
#include <cag/error.hpp>
#include <cag/io/file_system.hpp>
#include <cag/io/trusted_program.hpp>
#include <cag/model/package_info.hpp>
#include <cag/model/prediction.hpp>
#include <cag/model/trainable_backbone.hpp>

namespace cag {

/// A network that AOTInductor compiled (tools/export.py --aoti): machine code with its weights, for
/// inference, and as the teacher of cag::step. It has no parameters, and cannot be trained or
/// copied as one: train the network that it was made of. Copies share the code, which is unloaded
/// with the last. It lies on the device of its kind that was current when it was loaded. Needs
/// LibTorch 2.6.
class Packaged {
 public:
  /// The loader unpacks the package into a folder `aotinductor_*` under TMPDIR or /tmp, which goes
  /// with the last copy; after a failure inside the loader it stays.
  /// @throws IoError where there is no such file; CheckpointError where it is no package of
  ///         tools/export.py, or one for another processor or device
  explicit Packaged(const TrustedProgram& program) : path_(program.path.string()) {
    if (!PosixFs{}.exists(program.path)) throw IoError("{}: No such file or directory", path_);
    info_ = PackageInfo::of(program.path);
    if (const auto lacking = detail::lacking_instructions(info_.processor); !lacking.empty())
      throw CheckpointError(
          "{}: expected a package for this processor, found one that may use {}: export it here, "
          "or with --cpu avx2",
          path_, lacking);
    try {
      device_ = c10::impl::VirtualGuardImpl(at::Device(info_.device).type()).getDevice();
      loader_ = std::make_shared<torch::inductor::AOTIModelPackageLoader>(path_, "model");
    } catch (const std::exception& error) {
      const auto reason = detail::first_line(error);
      const bool linked = reason.find("libtorch.so") != reason.npos;
      throw CheckpointError("{}: expected a package that can be loaded: {}{}", path_, reason,
                            linked ? "; export it without --link-libtorch" : "");
    }
  }

  /// What the package says of itself.
  const PackageInfo& info() const noexcept { return info_; }

  /// @param images  [N, 3, H, W] float32 of the sizes in info(), on the package's device
  /// @throws c10::ValueError for any other
  Prediction forward(const at::Tensor& images) const {
    TORCH_CHECK_VALUE(images.defined() && info_.takes(images.sizes()), path_, ": expected images ",
                      info_.sizes(), ", got ",
                      images.defined() ? images.sizes() : at::IntArrayRef{},
                      ": the package was compiled for those sizes; export it for others");
    TORCH_CHECK_VALUE(images.scalar_type() == at::kFloat, path_, ": expected images as float, got ",
                      images.scalar_type());
    TORCH_CHECK_VALUE(images.device() == device_, path_, ": expected images on ", device_,
                      ", got them on ", images.device());
    const at::NoGradGuard no_grad;
    auto maps = loader_->run({images.detach().contiguous()});
    if (maps.size() != 2)
      throw CheckpointError("{}: expected a package that gives features and logits, got {} tensors",
                            path_, maps.size());
    return {.features = std::move(maps[0]), .logits = std::move(maps[1])};
  }

 private:
  std::string path_;
  PackageInfo info_;
  at::Device device_ = at::kCPU;
  std::shared_ptr<torch::inductor::AOTIModelPackageLoader> loader_{};
};

/// A package does not train.
template <>
struct TrainingTraits<Packaged> {
  /// Asked for where a package is to be trained: the compiler then says what to do instead.
  template <typename P>
  static auto module(P&) {
    static_assert(!std::same_as<P, Packaged>,
                  "a package has no parameters: train the network that it was made of; a package "
                  "can be the teacher of cag::step and run in a Predictor");
  }
};

/// @throws as the constructor of Packaged
inline Packaged load_package(const TrustedProgram& program) { return Packaged(program); }

}  // namespace cag
