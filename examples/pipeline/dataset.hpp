#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <cag/data/dataset.hpp>
#include <cag/data/image_size.hpp>
#include <cag/data/sample.hpp>

namespace pipeline {

/// A data set whose type is chosen at run time: holds any cag::SizedDataset of samples S. Copies
/// share it.
template <cag::Sample S>
class AnyDataset {
 public:
  template <cag::SizedDataset D>
  requires(std::same_as<cag::SampleOf<D>, S> && !std::same_as<D, AnyDataset>) AnyDataset(D dataset)
      : held_(std::make_shared<Held<D>>(std::move(dataset))) {}

  std::int64_t size() const { return held_->size(); }
  std::string name(std::int64_t i) const { return held_->name(i); }
  cag::ImageSize image_size(std::int64_t i) const { return held_->image_size(i); }
  S get(std::int64_t i) const { return held_->get(i); }

 private:
  struct Interface {
    virtual ~Interface() = default;
    virtual std::int64_t size() const = 0;
    virtual std::string name(std::int64_t i) const = 0;
    virtual cag::ImageSize image_size(std::int64_t i) const = 0;
    virtual S get(std::int64_t i) const = 0;
  };
  template <typename D>
  struct Held final : Interface {
    explicit Held(D d) : dataset(std::move(d)) {}
    std::int64_t size() const override { return dataset.size(); }
    std::string name(std::int64_t i) const override { return std::string(dataset.name(i)); }
    cag::ImageSize image_size(std::int64_t i) const override { return dataset.image_size(i); }
    S get(std::int64_t i) const override { return dataset.get(i); }
    D dataset;
  };

  std::shared_ptr<const Interface> held_;
};

using Labelled = AnyDataset<cag::LabelledSample>;
using Unlabelled = AnyDataset<cag::UnlabelledSample>;

}  // namespace pipeline
