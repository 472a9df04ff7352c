#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

#include <cag/adversarial/domain_loss.hpp>
#include <cag/adversarial/least_squares.hpp>
#include <cag/adversarial/vanilla.hpp>
#include <cag/anchor/k_means.hpp>
#include <cag/anchor/mean_rule.hpp>
#include <cag/anchor/moving_average.hpp>
#include <cag/anchor/pixel_mean.hpp>
#include <cag/anchor/running_mean.hpp>
#include <cag/anchor/update_rule.hpp>
#include <cag/candidate/all.hpp>
#include <cag/candidate/among.hpp>
#include <cag/candidate/candidate_rule.hpp>
#include <cag/candidate/seen.hpp>
#include <cag/cap/cap_rule.hpp>
#include <cag/cap/clamp.hpp>
#include <cag/cap/decade.hpp>
#include <cag/cap/none.hpp>
#include <cag/divisor/all.hpp>
#include <cag/divisor/competing.hpp>
#include <cag/divisor/divisor_rule.hpp>
#include <cag/empty/empty_rule.hpp>
#include <cag/empty/not_a_number.hpp>
#include <cag/empty/zero.hpp>
#include <cag/gradient_scale/area.hpp>
#include <cag/gradient_scale/gradient_scale_rule.hpp>
#include <cag/gradient_scale/none.hpp>
#include <cag/label/agreement.hpp>
#include <cag/label/label_rule.hpp>
#include <cag/label/margin.hpp>
#include <cag/label/probability.hpp>
#include <cag/label/separately.hpp>
#include <cag/loss/anchor_loss.hpp>
#include <cag/loss/centroid_distance.hpp>
#include <cag/loss/no_anchor_loss.hpp>
#include <cag/loss/pixel_distance.hpp>
#include <cag/mask/agreeing.hpp>
#include <cag/mask/labelled.hpp>
#include <cag/mask/pixel_mask.hpp>
#include <cag/metric/cosine.hpp>
#include <cag/metric/euclidean.hpp>
#include <cag/metric/metric.hpp>
#include <cag/metric/squared_euclidean.hpp>
#include <cag/moments/diagonal.hpp>
#include <cag/moments/full.hpp>
#include <cag/moments/moments_rule.hpp>
#include <cag/moments/none.hpp>
#include <cag/norm/as_trained.hpp>
#include <cag/norm/statistics_rule.hpp>
#include <cag/protocol/known_truth.hpp>
#include <cag/protocol/sub_matrix.hpp>
#include <cag/protocol/subset.hpp>

#include "catch.hpp"

// For each concept its shipped models, a minimal one, and one near-miss per requirement.

using namespace cag;

namespace {

/// A requirement that no policy meets by itself: it can be copied.
struct NotCopyable {
  NotCopyable() = default;
  NotCopyable(const NotCopyable&) = delete;
};

struct Named {
  static constexpr std::string_view kName = "test";
};

struct NamedByNumber {
  static constexpr int kName = 7;
};

namespace metric_models {
template <typename Base, typename Result = at::Tensor>
struct Of : Base {
  Result operator()(const at::Tensor&, const at::Tensor&) const { return {}; }
};
struct NotConst : Named {
  at::Tensor operator()(const at::Tensor&, const at::Tensor&) { return {}; }
};
struct WritesFeatures : Named {
  at::Tensor operator()(at::Tensor&, const at::Tensor&) const { return {}; }
};
struct OneArgument : Named {
  at::Tensor operator()(const at::Tensor&) const { return {}; }
};
struct Unnamed {
  at::Tensor operator()(const at::Tensor&, const at::Tensor&) const { return {}; }
};
struct Pinned : Of<Named>, NotCopyable {};

static_assert(Metric<metric::Euclidean> && Metric<Of<Named>>);
static_assert(!Metric<Of<Named, double>>);
static_assert(!Metric<Of<NamedByNumber>>);
static_assert(!Metric<NotConst> && !Metric<WritesFeatures> && !Metric<OneArgument>);
static_assert(!Metric<Unnamed> && !Metric<Pinned>);

template <typename Result = at::Tensor, typename Bank = const Anchors&>
struct OfAnchors : Named {
  Result operator()(const at::Tensor&, Bank) const { return {}; }
};
struct SeesAnchorsNotConst : Named {
  at::Tensor operator()(const at::Tensor&, const Anchors&) { return {}; }
};
struct SeesAnchorsUnnamed {
  at::Tensor operator()(const at::Tensor&, const Anchors&) const { return {}; }
};
static_assert(Metric<metric::Cosine> && Metric<metric::SquaredEuclidean>);
static_assert(Metric<OfAnchors<>>);
static_assert(!Metric<OfAnchors<float>> && !Metric<OfAnchors<at::Tensor, Anchors&>>);
static_assert(!Metric<SeesAnchorsNotConst> && !Metric<SeesAnchorsUnnamed>);

// The same expression as PixelMask and EmptyRule; so are their near-misses.
static_assert(PixelMask<mask::Agreeing> && PixelMask<mask::Labelled> && PixelMask<Of<Named>>);
static_assert(!PixelMask<Of<Named, double>> && !PixelMask<Of<NamedByNumber>>);
static_assert(!PixelMask<NotConst> && !PixelMask<WritesFeatures> && !PixelMask<OneArgument>);
static_assert(!PixelMask<Unnamed> && !PixelMask<Pinned>);

static_assert(EmptyRule<empty::Zero> && EmptyRule<empty::NotANumber> && EmptyRule<Of<Named>>);
static_assert(!EmptyRule<Of<Named, double>> && !EmptyRule<Of<NamedByNumber>>);
static_assert(!EmptyRule<NotConst> && !EmptyRule<WritesFeatures> && !EmptyRule<OneArgument>);
static_assert(!EmptyRule<Unnamed> && !EmptyRule<Pinned>);
}  // namespace metric_models

namespace cap_models {
template <typename Base, typename Result = at::Tensor>
struct Of : Base {
  Result operator()(const at::Tensor&) const { return {}; }
};
struct NotConst : Named {
  at::Tensor operator()(const at::Tensor&) { return {}; }
};
struct Scalar : Named {
  at::Tensor operator()(double) const { return {}; }
};
struct Unnamed {
  at::Tensor operator()(const at::Tensor&) const { return {}; }
};
struct Pinned : Of<Named>, NotCopyable {};

static_assert(CapRule<cap::None> && CapRule<cap::Clamp> && CapRule<cap::Decade>);
static_assert(CapRule<Of<Named>>);
static_assert(!CapRule<Of<Named, double>> && !CapRule<Of<NamedByNumber>>);
static_assert(!CapRule<NotConst> && !CapRule<Scalar> && !CapRule<Unnamed> && !CapRule<Pinned>);
}  // namespace cap_models

namespace label_models {
template <typename Result = at::Tensor, typename Argument = const Evidence&>
struct Of : Named {
  static constexpr bool kReadsDistances = true;
  static constexpr bool kReadsLogits = false;
  Result operator()(Argument) const { return {}; }
};
struct NotConst : Named {
  static constexpr bool kReadsDistances = true;
  static constexpr bool kReadsLogits = false;
  at::Tensor operator()(const Evidence&) { return {}; }
};
struct SilentOnDistances : Named {
  static constexpr bool kReadsLogits = false;
  at::Tensor operator()(const Evidence&) const { return {}; }
};
struct SilentOnLogits : Named {
  static constexpr bool kReadsDistances = true;
  at::Tensor operator()(const Evidence&) const { return {}; }
};
struct Unnamed {
  static constexpr bool kReadsDistances = true;
  static constexpr bool kReadsLogits = false;
  at::Tensor operator()(const Evidence&) const { return {}; }
};
struct Pinned : Of<>, NotCopyable {};

using Both = label::Agreement<label::Margin, label::Probability>;
static_assert(LabelRule<label::Margin> && LabelRule<label::StrictMargin>);
static_assert(LabelRule<label::Probability> && LabelRule<Both>);
static_assert(LabelRule<label::Separately<label::Margin, Both>> && LabelRule<Of<>>);
static_assert(!LabelRule<Of<int>>);
static_assert(!LabelRule<Of<at::Tensor, Evidence&>>);
static_assert(!LabelRule<Of<at::Tensor, const at::Tensor&>>);
static_assert(!LabelRule<NotConst> && !LabelRule<SilentOnDistances>);
static_assert(!LabelRule<SilentOnLogits> && !LabelRule<Unnamed> && !LabelRule<Pinned>);
}  // namespace label_models

namespace update_models {
template <typename Result = void, typename Bank = Anchors&>
struct Of : Named {
  Result operator()(Bank, const ClassSums&) const { return Result(); }
};
struct NotConst : Named {
  void operator()(Anchors&, const ClassSums&) {}
};
struct WritesSums : Named {
  void operator()(Anchors&, ClassSums&) const {}
};
struct Unnamed {
  void operator()(Anchors&, const ClassSums&) const {}
};
struct Pinned : Of<>, NotCopyable {};
struct Gathers : Named {
  struct State {};
  void operator()(State&, const ClassSums&) const {}
};
struct GathersElsewhere : Gathers {
  void operator()(Anchors&, const ClassSums&) const {}
};

static_assert(UpdateRule<anchor::KMeans> && UpdateRule<Gathers> && !UpdateRule<GathersElsewhere>);
static_assert(UpdateRule<anchor::RunningMean> && UpdateRule<anchor::MovingAverage>);
static_assert(UpdateRule<anchor::PixelMean> && UpdateRule<Of<>>);
static_assert(!UpdateRule<Of<Anchors>>);  // a new value that nobody would take
static_assert(!UpdateRule<Of<void, Anchors&&>>);
static_assert(!UpdateRule<NotConst> && !UpdateRule<WritesSums>);
static_assert(!UpdateRule<Unnamed> && !UpdateRule<Pinned>);
}  // namespace update_models

namespace mean_models {
struct SaysNothing : anchor::RunningMean {
  void mean_of(const Anchors&) const {}
};
static_assert(MeanRule<anchor::PixelMean> && MeanRule<anchor::RunningMean>);
static_assert(!MeanRule<anchor::MovingAverage> && !MeanRule<SaysNothing>);
}  // namespace mean_models

namespace moments_models {
template <typename Result = void, typename Moments = std::optional<ClassMoments>&>
struct Of : Named {
  Result operator()(Moments, const at::Tensor&, const at::Tensor&, std::int64_t) const {
    return Result();
  }
};
struct NotConst : Named {
  void operator()(std::optional<ClassMoments>&, const at::Tensor&, const at::Tensor&,
                  std::int64_t) {}
};
struct NoCategories : Named {
  void operator()(std::optional<ClassMoments>&, const at::Tensor&, const at::Tensor&) const {}
};
struct Unnamed {
  void operator()(std::optional<ClassMoments>&, const at::Tensor&, const at::Tensor&,
                  std::int64_t) const {}
};
struct Pinned : Of<>, NotCopyable {};

static_assert(MomentsRule<moments::None> && MomentsRule<moments::Diagonal>);
static_assert(MomentsRule<moments::Full> && MomentsRule<Of<>>);
static_assert(!MomentsRule<Of<bool>> && !MomentsRule<Of<void, ClassMoments&>>);
static_assert(!MomentsRule<NotConst> && !MomentsRule<NoCategories>);
static_assert(!MomentsRule<Unnamed> && !MomentsRule<Pinned>);
}  // namespace moments_models

namespace candidate_models {
template <typename Result = at::Tensor, typename Bank = const Anchors&>
struct Of : Named {
  Result operator()(Bank) const { return {}; }
};
struct NotConst : Named {
  at::Tensor operator()(const Anchors&) { return {}; }
};
struct Unnamed {
  at::Tensor operator()(const Anchors&) const { return {}; }
};
struct Pinned : Of<>, NotCopyable {};

static_assert(CandidateRule<candidate::All> && CandidateRule<candidate::Seen>);
static_assert(CandidateRule<candidate::Among> && CandidateRule<Of<>>);
static_assert(!CandidateRule<Of<std::vector<bool>>> && !CandidateRule<Of<at::Tensor, Anchors&>>);
static_assert(!CandidateRule<NotConst> && !CandidateRule<Unnamed> && !CandidateRule<Pinned>);
}  // namespace candidate_models

namespace divisor_models {
template <typename Result = std::int64_t>
struct Of : Named {
  Result operator()(std::int64_t, std::int64_t) const { return {}; }
};
struct NotConst : Named {
  std::int64_t operator()(std::int64_t, std::int64_t) { return 1; }
};
struct OneArgument : Named {
  std::int64_t operator()(std::int64_t) const { return 1; }
};
struct Unnamed {
  std::int64_t operator()(std::int64_t, std::int64_t) const { return 1; }
};
struct Pinned : Of<>, NotCopyable {};

static_assert(DivisorRule<divisor::All> && DivisorRule<divisor::Competing> && DivisorRule<Of<>>);
static_assert(!DivisorRule<Of<double>> && !DivisorRule<NotConst> && !DivisorRule<OneArgument>);
static_assert(!DivisorRule<Unnamed> && !DivisorRule<Pinned>);
}  // namespace divisor_models

namespace gradient_scale_models {
template <typename Result = at::Tensor, typename Pixels = const at::Tensor&>
struct Of : Named {
  Result operator()(const at::Tensor&, Pixels, std::int64_t) const { return {}; }
};
struct NotConst : Named {
  at::Tensor operator()(const at::Tensor&, const at::Tensor&, std::int64_t) { return {}; }
};
struct NoArea : Named {
  at::Tensor operator()(const at::Tensor&, const at::Tensor&) const { return {}; }
};
struct Unnamed {
  at::Tensor operator()(const at::Tensor&, const at::Tensor&, std::int64_t) const { return {}; }
};
struct Pinned : Of<>, NotCopyable {};

static_assert(GradientScaleRule<gradient_scale::None> && GradientScaleRule<gradient_scale::Area>);
static_assert(GradientScaleRule<Of<>>);
static_assert(!GradientScaleRule<Of<double>> && !GradientScaleRule<Of<at::Tensor, at::Tensor&>>);
static_assert(!GradientScaleRule<NotConst> && !GradientScaleRule<NoArea>);
static_assert(!GradientScaleRule<Unnamed> && !GradientScaleRule<Pinned>);
}  // namespace gradient_scale_models

namespace anchor_loss_models {
template <typename Result = at::Tensor, typename Student = const Prediction&>
struct Of : Named {
  Result operator()(Student, const at::Tensor&, const Anchors&) const { return {}; }
};
struct NotConst : Named {
  at::Tensor operator()(const Prediction&, const at::Tensor&, const Anchors&) { return {}; }
};
struct MovesAnchors : Named {
  at::Tensor operator()(const Prediction&, const at::Tensor&, Anchors&) const { return {}; }
};
struct NoLabels : Named {
  at::Tensor operator()(const Prediction&, const Anchors&) const { return {}; }
};
struct Unnamed {
  at::Tensor operator()(const Prediction&, const at::Tensor&, const Anchors&) const { return {}; }
};
struct Pinned : Of<>, NotCopyable {};

static_assert(AnchorLoss<loss::CentroidDistance<>> && AnchorLoss<loss::PixelDistance<>>);
static_assert(AnchorLoss<loss::NoAnchorLoss> && AnchorLoss<Of<>>);
static_assert(!AnchorLoss<Of<double>> && !AnchorLoss<Of<at::Tensor, Prediction&>>);
static_assert(!AnchorLoss<NotConst> && !AnchorLoss<MovesAnchors> && !AnchorLoss<NoLabels>);
static_assert(!AnchorLoss<Unnamed> && !AnchorLoss<Pinned>);
}  // namespace anchor_loss_models

namespace statistics_models {
struct Net {};
struct Minimal : Named {
  void operator()(Net&, const std::vector<at::Tensor>&) const {}
};
struct NotConst : Named {
  void operator()(Net&, const std::vector<at::Tensor>&) {}
};
struct OneBatch : Named {
  void operator()(Net&, const at::Tensor&) const {}
};
struct AnotherNet : Named {
  void operator()(int&, const std::vector<at::Tensor>&) const {}
};
struct Unnamed {
  void operator()(Net&, const std::vector<at::Tensor>&) const {}
};
struct Pinned : Minimal, NotCopyable {};

static_assert(StatisticsRule<norm::AsTrained, Net> && StatisticsRule<Minimal, Net>);
static_assert(!StatisticsRule<NotConst, Net> && !StatisticsRule<OneBatch, Net>);
static_assert(!StatisticsRule<AnotherNet, Net> && !StatisticsRule<Unnamed, Net>);
static_assert(!StatisticsRule<Pinned, Net>);
}  // namespace statistics_models

namespace domain_loss_models {
template <typename Result = at::Tensor>
struct Of : Named {
  Result operator()(const at::Tensor&, DomainLabel) const { return {}; }
};
struct NotConst : Named {
  at::Tensor operator()(const at::Tensor&, DomainLabel) { return {}; }
};
struct NoDomain : Named {
  at::Tensor operator()(const at::Tensor&) const { return {}; }
};
struct Unnamed {
  at::Tensor operator()(const at::Tensor&, DomainLabel) const { return {}; }
};
struct Pinned : Of<>, NotCopyable {};

static_assert(DomainLoss<adversarial::Vanilla> && DomainLoss<adversarial::LeastSquares>);
static_assert(DomainLoss<Of<>> && !DomainLoss<Of<double>> && !DomainLoss<NotConst>);
static_assert(!DomainLoss<NoDomain> && !DomainLoss<Unnamed> && !DomainLoss<Pinned>);
}  // namespace domain_loss_models

namespace protocol_models {
using Categories = std::span<const std::int64_t>;
template <typename Result = at::Tensor>
struct Of : Named {
  Result operator()(const ConfusionMatrix&, Categories) const { return {}; }
};
struct NotConst : Named {
  at::Tensor operator()(const ConfusionMatrix&, Categories) { return {}; }
};
struct ChangesTheMatrix : Named {
  at::Tensor operator()(ConfusionMatrix&, Categories) const { return {}; }
};
struct NoCategories : Named {
  at::Tensor operator()(const ConfusionMatrix&) const { return {}; }
};
struct Unnamed {
  at::Tensor operator()(const ConfusionMatrix&, Categories) const { return {}; }
};
struct Pinned : Of<>, NotCopyable {};

static_assert(IouProtocol<protocol::Subset> && IouProtocol<protocol::KnownTruth>);
static_assert(IouProtocol<protocol::SubMatrix> && IouProtocol<Of<>>);
static_assert(!IouProtocol<Of<double>> && !IouProtocol<NotConst>);
static_assert(!IouProtocol<ChangesTheMatrix> && !IouProtocol<NoCategories>);
static_assert(!IouProtocol<Unnamed> && !IouProtocol<Pinned>);
}  // namespace protocol_models

}  // namespace

TEST_CASE("Policies are small values with the paper's defaults") {
  CHECK(label::Margin{}.margin == 2.5);
  CHECK(label::Probability{}.threshold == 0.95);
  CHECK(anchor::RunningMean{}.cap == 3000);
  CHECK(anchor::RunningMean{}.min_pixels == 10);
  CHECK(anchor::MovingAverage{}.momentum == 0.9999);
  CHECK(anchor::MovingAverage{}.warm_up == 100);
  CHECK(anchor::MovingAverage{}.cap == 3000);
  CHECK(anchor::MovingAverage{}.min_pixels == 10);
  CHECK(cap::Decade{}.limit == 5);
  CHECK(gradient_scale::Area{}.factor == 2);
  CHECK(loss::CentroidDistance<>{}.weight == 10);
  CHECK(loss::CentroidDistance<>{}.min_pixels == 10);
  CHECK(loss::CentroidDistance<>{}.beta == 1);
}
