// How well what a network says of its own certainty orders its errors: risk and coverage of the
// target's validation images, before the stages of a run and after. RUN is what `gta5_to_cityscapes
// adapt --out RUN` made.
//
// usage: abstain RUN [OUT.csv]     prints a table of areas under risk and coverage, and writes the
// curves
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include <ATen/ops/cat.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <cag/anchor/anchor_bank.hpp>
#include <cag/candidate/seen.hpp>
#include <cag/data/gta5.hpp>
#include <cag/data/label_tables.hpp>
#include <cag/detail/category_distances.hpp>
#include <cag/detail/pixels.hpp>
#include <cag/label/downsample.hpp>
#include <cag/label/nearest_two.hpp>
#include <cag/metric/euclidean.hpp>
#include <cag/metric/mahalanobis.hpp>
#include <cag/moments/full.hpp>
#include <cag/norm/reestimated.hpp>
#include <cag/stage/domains.hpp>

#include "common/guarded.hpp"
#include "pipeline/cityscapes_target.hpp"
#include "pipeline/evaluation.hpp"
#include "pipeline/network.hpp"
#include "pipeline/world.hpp"

namespace {

/// Of all labelled pixels, whether a prediction is right and how sure it was: larger is surer.
struct Certainty {
  std::string name;
  std::vector<at::Tensor> scores;
};

struct Judged {
  std::string prediction;
  std::vector<at::Tensor> right;
  std::vector<Certainty> certainties;
};

/// Risk at each share of the pixels, the surest first; those that are equally sure come together.
struct Curve {
  double area = 0;
  std::vector<double> risk;  ///< at coverages 0.01, 0.02, ... 1
};

Curve curve_of(const at::Tensor& right, const at::Tensor& score) {
  const auto order = score.argsort(/*stable=*/true, 0, /*descending=*/true);
  const auto wrong = right.index_select(0, order).logical_not().to(at::kDouble).contiguous();
  const auto sorted = score.index_select(0, order).to(at::kDouble).contiguous();
  const auto n = wrong.size(0);
  const auto* errors = wrong.const_data_ptr<double>();
  const auto* sure = sorted.const_data_ptr<double>();
  Curve curve;
  std::vector<double> risk(n);
  double before = 0;
  for (std::int64_t i = 0; i < n;) {
    auto end = i;
    double among = 0;
    while (end < n && sure[end] == sure[i]) among += errors[end++];
    for (auto j = i; j < end; ++j)
      risk[j] = (before + among * static_cast<double>(j - i + 1) / static_cast<double>(end - i)) /
                static_cast<double>(j + 1);
    before += among;
    i = end;
  }
  curve.area = std::accumulate(risk.begin(), risk.end(), 0.0) / static_cast<double>(n);
  for (int c = 1; c <= 100; ++c)
    curve.risk.push_back(risk[std::max<std::int64_t>(n * c / 100 - 1, 0)]);
  return curve;
}

/// Both predictions that a network allows, each with all that could say how sure it is.
std::vector<Judged> judge(cag::AnyBackbone& net, const cag::Anchors& anchors,
                          const pipeline::CleanList<pipeline::Labelled>& images) {
  const at::NoGradGuard no_grad;
  std::vector<Judged> judged;
  for (const char* prediction : {"largest logit", "nearest anchor"}) {
    judged.push_back({prediction, {}, {}});
    for (const char* name : {"margin", "largest probability", "entropy", "Mahalanobis"})
      judged.back().certainties.push_back({name, {}});
  }
  const auto others = cag::candidate::Seen{}(anchors).logical_not();
  for (std::int64_t i = 0; i < images.size(); ++i) {
    const auto batch = images.batch(i);
    const auto prediction = cag::predict(net, batch.images);
    const auto& features = prediction.features;
    const auto truth =
        cag::downsample_labels(batch.labels, features.size(2), features.size(3)).reshape({-1});
    const auto labelled = truth.ne(cag::kIgnoreIndex).nonzero().squeeze(1);
    const auto own = truth.index_select(0, labelled);
    const auto pixels = cag::detail::to_pixels(features).index_select(0, labelled);
    const auto probabilities =
        cag::detail::to_pixels(prediction.logits).index_select(0, labelled).softmax(1);
    const auto distances = [&](const auto& metric) {
      return cag::detail::category_distances(metric, pixels, anchors)
          .masked_fill(others, std::numeric_limits<double>::infinity());
    };
    const auto nearest = cag::NearestTwo::of(distances(cag::metric::Euclidean{}));
    const auto deviations = distances(cag::metric::Mahalanobis{}).amin(1);
    const auto entropy = (probabilities * probabilities.clamp_min(1e-30).log()).sum(1);
    const at::Tensor sure[] = {nearest.second - nearest.nearest, probabilities.amax(1), entropy,
                               -deviations};
    judged[0].right.push_back(probabilities.argmax(1).eq(own));
    judged[1].right.push_back(nearest.category.eq(own));
    for (auto& of : judged)
      for (std::size_t s = 0; s < of.certainties.size(); ++s)
        of.certainties[s].scores.push_back(sure[s]);
  }
  return judged;
}

/// The anchors of a network as its stage would build them, with whole covariances.
cag::Anchors anchors_of(cag::AnyBackbone& net, const pipeline::CleanLists& lists,
                        std::int64_t categories) {
  cag::AnchorBank<cag::AnyBackbone, cag::anchor::RunningMean, cag::mask::Agreeing,
                  cag::moments::Full>
      bank(categories);
  bank.observe_all(net, lists.source);
  return bank.anchors();
}

void run(const std::filesystem::path& folder, const std::string& csv) {
  const pipeline::Program program{
      .name = "abstain",
      .layout = std::make_shared<pipeline::CityscapesTarget>(
          cag::label_table::gta5(),
          [](const std::filesystem::path& root, const cag::LabelTable& table) {
            return pipeline::Labelled(cag::data::Gta5(root, table));
          }),
  };
  const auto config = pipeline::read_config(folder / "config.toml");
  const auto world = pipeline::World::open(config, program);
  const auto lists = pipeline::CleanLists::of(config, world);
  if (!lists.target_validation)
    throw cag::UsageError("{}: expected validation labels of the target, found none",
                          folder.string());

  std::ofstream curves;
  if (!csv.empty()) {
    curves.open(csv);
    fmt::print(curves, "network,prediction,certainty,coverage,risk\n");
  }
  fmt::print(
      "| network | prediction | error | surest by | risk at 50 % | at 80 % | area | of the "
      "best order |\n|---|---|---|---|---|---|---|---|\n");
  for (const auto stage : {std::int64_t{0}, config.stages.count}) {
    auto trained =
        pipeline::TrainedNetwork::load(folder / "networks" / fmt::format("stage-{}", stage));
    const cag::norm::Reestimated reestimated;
    reestimated(trained.net, cag::images_of(lists.source));
    const auto anchors = anchors_of(trained.net, lists, std::ssize(trained.categories));
    reestimated(trained.net, cag::images_of(lists.target));
    for (const auto& judged : judge(trained.net, anchors, *lists.target_validation)) {
      const auto right = at::cat(judged.right);
      const auto best = curve_of(right, right.to(at::kDouble));
      for (const auto& [name, scores] : judged.certainties) {
        const auto curve = curve_of(right, at::cat(scores));
        fmt::print("| {} | {} | {:.1f} % | {} | {:.1f} % | {:.1f} % | {:.4f} | {:.4f} |\n",
                   stage == 0 ? "source only" : "adapted", judged.prediction,
                   100 * curve.risk.back(), name, 100 * curve.risk[49], 100 * curve.risk[79],
                   curve.area, best.area);
        for (std::size_t c = 0; c < curve.risk.size(); ++c)
          fmt::print(curves, "{},{},{},{},{:.6f}\n", stage, judged.prediction, name,
                     static_cast<double>(c + 1) / 100, curve.risk[c]);
      }
    }
  }
  if (!csv.empty() && !curves.flush())
    throw cag::IoError("{}: the curves could not be written", csv);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Areas under risk and coverage of a run's networks, before its stages and after.",
               "abstain");
  std::string folder, csv;
  app.add_option("run", folder, "what gta5_to_cityscapes adapt --out made")->required();
  app.add_option("--curves", csv, "CSV of risk by coverage");
  return common::guarded(app, [&] {
    app.parse(argc, argv);
    run(folder, csv);
    return 0;
  });
}
