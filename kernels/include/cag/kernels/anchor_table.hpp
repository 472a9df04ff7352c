#pragma once

#include <cstdint>
#include <memory>

namespace cag::kernels {

class TileAnchors;

/// Anchors as the operators read them: made once, used for any number of feature maps. Copies share
/// the memory.
class AnchorTable {
 public:
  /// More would not fit the operators' tiles.
  static constexpr std::int64_t kMaxAnchors = 1024;
  /// Channels of a block.
  static constexpr std::int64_t kBlock = 16;

  /// No anchors: for nothing but to be assigned to.
  AnchorTable() = default;

  /// Of the anchors that compete: others are left out by the caller, and never become a nearest or
  /// a second nearest anchor.
  /// @param vectors   [anchors, width] row by row
  /// @param category  [anchors] ascending: whose anchor each is; several may share a category, and
  ///                  the margin is then to the nearest anchor of another one
  /// @param anchors   1 to kMaxAnchors
  AnchorTable(const float* vectors, const std::int64_t* category, std::int64_t anchors,
              std::int64_t width);

  /// How many there are.
  std::int64_t anchors() const noexcept { return anchors_; }
  /// Values of each.
  std::int64_t width() const noexcept { return width_; }

  /// [width in blocks, anchors, kBlock]: the values of a block of channels side by side, zeros
  /// after the last.
  const float* by_block() const noexcept { return by_block_.get(); }
  /// The mean of the anchors, zeros after it to the end of a block.
  const float* centre() const noexcept { return centre_.get(); }
  /// As `by_block`: the anchors less the centre.
  const float* centred_by_block() const noexcept { return centred_.get(); }
  /// [anchors]: squared distances to the centre.
  const float* squares() const noexcept { return squares_.get(); }
  /// The distance of the farthest anchor to the centre.
  float radius() const noexcept { return radius_; }
  /// Null where the processor has no tile registers.
  const TileAnchors* tiles() const noexcept { return tiles_.get(); }
  /// [anchors]
  const std::int64_t* category() const noexcept { return category_.get(); }

 private:
  std::int64_t anchors_ = 0;
  std::int64_t width_ = 0;
  float radius_ = 0;
  std::shared_ptr<const float[]> by_block_;
  std::shared_ptr<const float[]> centre_;
  std::shared_ptr<const float[]> centred_;
  std::shared_ptr<const float[]> squares_;
  std::shared_ptr<const TileAnchors> tiles_;
  std::shared_ptr<const std::int64_t[]> category_;
};

}  // namespace cag::kernels
