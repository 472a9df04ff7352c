#include <memory>
#include <regex>
#include <utility>

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include <cag/candidate/among.hpp>
#include <cag/io/module_state.hpp>
#include <cag/io/sgd_state.hpp>
#include <cag/profile/fused.hpp>
#include <cag/stage/self_training.hpp>
#include <cag/stage/stagewise_scheduler.hpp>

#include "replay.hpp"

namespace cag::parity {
namespace {

/// The network that a case describes, layer by layer: "conv1 Conv2d(3,16,3,stride 2,pad 1,bias)",
/// "bn1 BatchNorm2d(16) eps 1e-5 momentum 0.1" or "bn1 none", "ReLU"; "-> feat_cls" and
/// "-> logits" mark what comes out.
struct DescribedImpl : torch::nn::Cloneable<DescribedImpl> {
  explicit DescribedImpl(std::vector<std::string> layers) : layers_(std::move(layers)) { reset(); }

  void reset() override {
    steps_.clear();
    for (const auto& layer : layers_) {
      std::smatch match;
      static const std::regex kConvolution(
          R"((?:(\w+) )Conv2d\((\d+),(\d+),(\d+)(?:,stride (\d+))?(?:,pad (\d+))?,bias\).*)");
      static const std::regex kBatchNorm(R"((\w+) BatchNorm2d\((\d+)\).*)");
      static const std::regex kNone(R"(\w+ none)");
      static const std::regex kRelu(R"(ReLU.*)");
      const auto at = [&](int i, int otherwise) {
        return match[i].matched ? std::stoi(match[i]) : otherwise;
      };
      if (std::regex_match(layer, match, kConvolution)) {
        const auto options = torch::nn::Conv2dOptions(at(2, 0), at(3, 0), at(4, 0))
                                 .stride(at(5, 1))
                                 .padding(at(6, 0));
        auto module = register_module(match[1], torch::nn::Conv2d(options));
        steps_.push_back([module](at::Tensor x) mutable { return module->forward(x); });
      } else if (std::regex_match(layer, match, kBatchNorm)) {
        auto module = register_module(match[1], torch::nn::BatchNorm2d(at(2, 0)));
        steps_.push_back([module](at::Tensor x) mutable { return module->forward(x); });
      } else if (std::regex_match(layer, kRelu)) {
        steps_.push_back([](at::Tensor x) { return x.relu(); });
      } else if (std::regex_match(layer, kNone)) {
        steps_.push_back([](at::Tensor x) { return x; });
      } else {
        throw DataError("unknown layer \"{}\"", layer);
      }
    }
  }

  Prediction forward(const at::Tensor& images) {
    Prediction prediction;
    auto x = images;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      x = steps_[i](x);
      if (layers_[i].ends_with("-> feat_cls")) prediction.features = x;
      if (layers_[i].ends_with("-> logits")) prediction.logits = x;
    }
    return prediction;
  }

 private:
  std::vector<std::string> layers_;
  std::vector<std::function<at::Tensor(at::Tensor)>> steps_;
};
TORCH_MODULE(Described);

std::string key_of(std::string_view what, std::int64_t step, std::string_view name) {
  return fmt::format("{}{}.{}", what, step, name);
}

/// The batches that the case recorded, numbered from 0.
struct RecordedSource {
  const Case& golden;
  std::int64_t size() const { return std::ssize(golden.json["history"]); }
  LabelledBatch batch(std::int64_t n) {
    return {golden.tensor(key_of("step", n + 1, "source_x")),
            golden.map(key_of("step", n + 1, "source_y"))};
  }
};
struct RecordedTarget {
  const Case& golden;
  std::int64_t size() const { return std::ssize(golden.json["history"]); }
  UnlabelledBatch batch(std::int64_t n) {
    return {golden.tensor(key_of("step", n + 1, "target_x"))};
  }
};
struct RecordedData {
  RecordedSource source, clean_source;
  RecordedTarget target, clean_target;
};

/// `published_code`, its alignment restricted to some categories.
struct Restricted : profile::PublishedCode {
  using Loss =
      AdaptationLoss<Labeler, decltype(PublishedCode::Loss::source),
                     decltype(PublishedCode::Loss::pseudo),
                     loss::CentroidDistance<candidate::Among, divisor::All, empty::NotANumber,
                                            cap::Decade, mask::Agreeing, gradient_scale::Area>>;
};

/// All entries of `state` under `prefix` in the case, and none beside them but the counters of
/// batches, which the published code does not keep.
void check_state(const Case& golden, const std::string& prefix, const TensorMap& state,
                 double tolerance, Check& check) {
  std::size_t found = 0;
  for (const auto& [key, expected] : golden.tensors) {
    if (!key.starts_with(prefix)) continue;
    ++found;
    const auto ours = state.find(key.substr(prefix.size()));
    check.that(ours != state.end(), "no " + key);
    if (ours != state.end()) check.close(key, ours->second, expected, 0, tolerance);
  }
  check.that(found > 0, "the case has no " + prefix);
  for (const auto& [name, tensor] : state)
    check.that(golden.has(prefix + name) || name.ends_with("num_batches_tracked"),
               "the case has no " + prefix + name);
}

void check_terms(const Json& history, const StepReport& report, double anchor_weight,
                 Check& check) {
  constexpr double kTolerance = 1e-5;
  std::map<std::string, double> terms(report.terms.begin(), report.terms.end());
  terms["loss_L2_cls"] = (terms.at("anchor_source") + terms.at("anchor_target")) * anchor_weight;
  terms["total"] = report.total;
  const std::pair<const char*, const char*> names[] = {{"total", "total"},
                                                       {"source_ce", "source"},
                                                       {"pseudo", "pseudo"},
                                                       {"l2_source", "anchor_source"},
                                                       {"l2_target", "anchor_target"},
                                                       {"loss_L2_cls", "loss_L2_cls"}};
  for (const auto& [theirs, ours] : names) {
    check.close(key_of("step", report.step, theirs), terms.at(ours), number(history.at(theirs)),
                kTolerance, 1e-7);
  }
  check.close(key_of("step", report.step, "lr"), report.learning_rate, number(history.at("lr")),
              1e-12);
}

template <Profile P>
void replay_as(const Case& golden, stage::SelfTraining<P> stage, const Method& method,
               Check& check) {
  const auto& json = golden.json;
  const auto& history = json.at("history");
  const auto& sgd = json.at("optimizer").at("SGD");
  stage.categories = json.at("n_classes").get<std::int64_t>();
  stage.iterations = static_cast<std::int64_t>(history.size());
  stage.optimization = {.learning_rate = sgd.at("lr"),
                        .momentum = sgd.at("momentum"),
                        .weight_decay = sgd.at("weight_decay"),
                        .max_iterations = json.at("scheduler").at("max_iter"),
                        .first = method.first};
  stage.loss.labeler = typename P::Labeler({}, method.rule<typename P::Labeler>(json));
  stage.loss.anchor_weight = json.value("cls_feature_weight", stage.loss.anchor_weight);
  stage.loss.anchor.min_pixels = method.min_pixels(json);
  stage.loss.anchor.scale.factor = method.gradient_factor;

  RunState state(Described(json.at("network").at("layers").get<std::vector<std::string>>()));
  TensorMap start = module_state(*state.student);
  for (auto& [name, tensor] : start) {
    if (golden.has("init." + name)) tensor = golden.tensor("init." + name);
  }
  load_module_state(*state.student, start, golden.name);
  state.teacher = frozen_copy(state.student);
  state.anchors = Case::anchors(golden.tensor("anchors"));
  state.restart(stage.optimization);
  state.begun = true;

  RecordedData data{{golden}, {golden}, {golden}, {golden}};
  struct {
    const Case& golden;
    const stage::SelfTraining<P>& stage;
    RecordedData& data;
    Check& check;

    void on_step(RunState<Described>& state, const StepReport& report) {
      const auto step = report.step;
      const auto labels =
          stage.loss.label(*state.teacher, *state.anchors, data.target.batch(step - 1));
      check.equal(key_of("step", step, "cluster_label"), labels.select(0, 0),
                  golden.map(key_of("step", step, "cluster_label")));
      check.equal(key_of("step", step, "threshold_label"), labels.select(0, 1),
                  golden.map(key_of("step", step, "threshold_label")));
      check_terms(golden.json["history"].at(static_cast<std::size_t>(step - 1)), report,
                  stage.loss.anchor_weight, check);
      check.that(report.applied, key_of("step", step, "was skipped"));
      check_state(golden, key_of("after", step, ""), module_state(*state.student), 1e-6, check);
    }
    void on_stage_end(RunState<Described>& state) {
      check_state(golden, "momentum.", momentum(state), 1e-5, check);
    }
    static TensorMap momentum(RunState<Described>& state) {
      constexpr std::string_view kPrefix = "momentum.";
      TensorMap result;
      for (const auto& [name, tensor] : sgd_state(*state.optimizer, *state.student)) {
        if (name.starts_with(kPrefix)) result.emplace(name.substr(kPrefix.size()), tensor);
      }
      return result;
    }
  } hooks{golden, stage, data, check};
  StagewiseScheduler(stage).run(state, data, hooks);
}

}  // namespace

void replay_trajectory(const Case& golden, const Method& method, Check& check) {
  const auto valid = golden.json.value("valid_classes", std::vector<std::int64_t>{});
  if (valid.empty() || valid.size() == golden.json.at("n_classes").get<std::size_t>()) {
    replay_as(golden, stage::SelfTraining<profile::PublishedCode>{}, method, check);
    replay_as(golden, stage::SelfTraining<profile::Fused<profile::PublishedCode>>{}, method, check);
    return;
  }
  const auto restricted = [&](auto stage) {
    stage.loss.anchor.candidates = {valid};
    replay_as(golden, stage, method, check);
  };
  restricted(stage::SelfTraining<Restricted>{});
  restricted(stage::SelfTraining<profile::Fused<Restricted>>{});
}

}  // namespace cag::parity
