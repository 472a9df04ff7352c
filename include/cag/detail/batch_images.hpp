#pragma once

#include <cstddef>
#include <cstdint>

#include <ATen/core/Tensor.h>

namespace cag::detail {

/// The images of each batch of a BatchList: an input range, read when it is dereferenced. The views
/// of the standard library would do, but Clang before 16 does not compile those of libstdc++.
template <typename List>
class BatchImages {
 public:
  class Iterator {
   public:
    using value_type = at::Tensor;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    Iterator(List* list, std::int64_t number) : list_(list), number_(number) {}

    at::Tensor operator*() const { return list_->batch(number_).images; }
    Iterator& operator++() {
      ++number_;
      return *this;
    }
    Iterator operator++(int) {
      auto before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator&) const = default;

   private:
    List* list_ = nullptr;
    std::int64_t number_ = 0;
  };

  explicit BatchImages(List& list) : list_(&list) {}

  Iterator begin() const { return {list_, 0}; }
  Iterator end() const { return {list_, static_cast<std::int64_t>(list_->size())}; }

 private:
  List* list_;
};

}  // namespace cag::detail
