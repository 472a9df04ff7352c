#include "pipeline/anchors.hpp"

#include <cstdint>
#include <limits>
#include <span>
#include <system_error>
#include <utility>

#include <ATen/TensorOperators.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cag/anchor/mean_rule.hpp>
#include <cag/error.hpp>
#include <cag/metric/euclidean.hpp>

#include "pipeline/profiles.hpp"

namespace pipeline {
namespace {

/// From each anchor to the nearest of another category, and that category: +inf where none is.
struct Neighbours {
  at::Tensor distance, category;  // [R]

  static Neighbours of(const cag::Anchors& anchors) {
    constexpr auto kFar = std::numeric_limits<double>::infinity();
    const auto owners = anchors.owners();
    const auto seen = anchors.counts.gt(0);
    const auto out = owners.unsqueeze(0).eq(owners.unsqueeze(1)).logical_or(seen.logical_not());
    const auto distances =
        cag::metric::Euclidean{}(anchors.vectors, anchors.vectors).masked_fill(out, kFar);
    const auto [distance, nearest] = distances.min(1);
    return {distance, owners.index_select(0, nearest)};
  }
};

double value(const at::Tensor& tensor, std::int64_t index) { return tensor[index].item<double>(); }

/// The category of each anchor, as "road, road, sky".
std::string owners_of(const cag::AnchorFile& file) {
  const auto owners = file.anchors.owners();
  std::vector<std::string> names;
  for (std::int64_t r = 0; r < owners.size(0); ++r)
    names.push_back(file.categories[owners[r].item<std::int64_t>()]);
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string or_unknown(const std::string& text) { return text.empty() ? "unknown" : text; }

}  // namespace

cag::AnchorFile anchor_file(const Config& config, const cag::Anchors& anchors,
                            cag::AnyBackbone& network, std::vector<std::string> categories) {
  const auto mean = with_profile(
      config, [&]<cag::Profile P>() { return cag::mean_of(typename P::Update{}, anchors); });
  return {.anchors = anchors,
          .categories = std::move(categories),
          .backbone = cag::backbone_hash(network.module()),
          .mean_of = std::string(mean)};
}

void inspect_anchors(const std::filesystem::path& path) {
  const auto file = cag::AnchorFile::load(path);
  const auto& anchors = file.anchors;
  fmt::print("{}: {} anchors of {} categories, width {}\n", path.string(), anchors.vectors.size(0),
             anchors.categories(), anchors.width());
  fmt::print("  backbone {}, tap {}, {}\n", or_unknown(file.backbone),
             file.tap.empty() ? "the backbone's features" : file.tap,
             file.mean_of.empty() ? "no plain means" : "means of " + file.mean_of);
  const auto norms = at::linalg_vector_norm(anchors.vectors, 2, at::IntArrayRef{1});
  const auto neighbours = Neighbours::of(anchors);
  const auto owners = anchors.owners();
  fmt::print("  {:<16} {:>9} {:>9} {:>9} {:>9}  {}\n", "category", "count", "norm", "spread",
             "distance", "nearest other");
  for (std::int64_t r = 0; r < owners.size(0); ++r) {
    const auto k = owners[r].item<std::int64_t>();
    const auto count = anchors.counts[r].item<std::int64_t>();
    if (count == 0) {
      fmt::print("  {:<16} {:>9}\n", file.categories[k], "none");
      continue;
    }
    const auto spread =
        anchors.moments
            ? fmt::format("{:.3f}", anchors.moments->variance()[k].sum().sqrt().item<double>())
            : "-";
    const bool alone = !neighbours.distance[r].isfinite().item<bool>();
    fmt::print("  {:<16} {:>9} {:>9.3f} {:>9} {:>9.3f}  {}\n", file.categories[k], count,
               value(norms, r), spread, value(neighbours.distance, r),
               alone ? "-" : file.categories[neighbours.category[r].item<std::int64_t>()]);
  }
}

void diff_anchors(const std::filesystem::path& first, const std::filesystem::path& second) {
  const auto a = cag::AnchorFile::load(first), b = cag::AnchorFile::load(second);
  if (a.categories != b.categories)
    throw cag::UsageError("{}: expected the categories of {}, {}, found {}", second.string(),
                          first.string(), a.categories, b.categories);
  if (a.anchors.vectors.sizes() != b.anchors.vectors.sizes())
    throw cag::UsageError("{}: expected anchors [{}] as in {}, found [{}]", second.string(),
                          fmt::join(a.anchors.vectors.sizes().vec(), ", "), first.string(),
                          fmt::join(b.anchors.vectors.sizes().vec(), ", "));
  if (!a.anchors.owners().equal(b.anchors.owners()))
    throw cag::UsageError("{}: expected anchors of the categories {} as in {}, found {}",
                          second.string(), owners_of(a), first.string(), owners_of(b));
  if (a.backbone != b.backbone)
    fmt::print("of two backbones, {} and {}\n", or_unknown(a.backbone), or_unknown(b.backbone));
  const auto moved =
      at::linalg_vector_norm(b.anchors.vectors - a.anchors.vectors, 2, at::IntArrayRef{1});
  const auto before = Neighbours::of(a.anchors), after = Neighbours::of(b.anchors);
  const auto owners = a.anchors.owners();
  fmt::print("{:<16} {:>9} {:>9} {:>9} {:>9} {:>9}\n", "category", "count", "count", "moved",
             "apart", "apart");
  for (std::int64_t r = 0; r < owners.size(0); ++r)
    fmt::print("{:<16} {:>9} {:>9} {:>9.3f} {:>9.3f} {:>9.3f}\n",
               a.categories[owners[r].item<std::int64_t>()],
               a.anchors.counts[r].item<std::int64_t>(), b.anchors.counts[r].item<std::int64_t>(),
               value(moved, r), value(before.distance, r), value(after.distance, r));
}

void merge_anchors(const std::vector<std::string>& files, const std::filesystem::path& out) {
  if (files.size() < 2)
    throw cag::UsageError("anchors merge: expected at least 2 files, got {}", files.size());
  if (std::filesystem::exists(out))
    throw cag::UsageError("{}: expected a new file, found one that exists", out.string());
  for (auto file = files.begin(); file != files.end(); ++file)
    for (auto other = files.begin(); other != file; ++other)
      if (std::error_code error; std::filesystem::equivalent(*file, *other, error))
        throw cag::UsageError("{}: expected each part once, got {}, which is the same file", *file,
                              *other);
  auto merged = cag::AnchorFile::load(files.front());
  for (std::size_t i = 1; i < files.size(); ++i) {
    try {
      merged = merged.merged(cag::AnchorFile::load(files[i]));
    } catch (const cag::UsageError& error) {
      throw cag::UsageError("{} and {}: {}", files[i], fmt::join(std::span(files).first(i), ", "),
                            error.what());
    }
  }
  merged.save(out);
  fmt::print("{}: {} observations\n", out.string(),
             merged.anchors.counts.sum().item<std::int64_t>());
}

}  // namespace pipeline
