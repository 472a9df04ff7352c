#include <cag/candidate/among.hpp>
#include <cag/gradient_scale/none.hpp>
#include <cag/profile/fused.hpp>
#include <cag/profile/published_code.hpp>

#include "replay.hpp"

namespace cag::parity {
namespace {

constexpr double kLossTolerance = 1e-5;

/// @tparam P  the published code's profile, or its twin over the compiled operators
template <Profile P, CandidateRule C, GradientScaleRule S = gradient_scale::Area>
using Alignment = loss::CentroidDistance<C, divisor::All, empty::NotANumber, cap::Decade,
                                         typename P::Mask, S, typename P::Sums>;
using Plain = profile::PublishedCode;
using Compiled = profile::Fused<Plain>;
static_assert(std::same_as<Alignment<Plain, candidate::All>, decltype(Plain::Loss::anchor)>);
static_assert(std::same_as<Alignment<Compiled, candidate::All>, decltype(Compiled::Loss::anchor)>);

template <Profile P, CandidateRule C, GradientScaleRule S = gradient_scale::Area>
Alignment<P, C, S> alignment_by(const Method& method, const Json& json) {
  Alignment<P, C, S> result;
  result.min_pixels = method.min_pixels(json);
  if constexpr (std::same_as<S, gradient_scale::Area>) result.scale.factor = method.gradient_factor;
  return result;
}

/// The tensors of one case: its own, those that all cases of the file share, or those of a case
/// that it is a variation of.
class Tensors {
 public:
  Tensors(const Case& golden, std::string name, const Json& json)
      : golden_(golden), prefix_(name.empty() ? "" : name + "."), json_(json) {}

  const Json& json() const { return json_; }
  std::string name(const std::string& what) const { return prefix_ + what; }
  bool has_own(const std::string& key) const { return golden_.has(prefix_ + key); }

  at::Tensor operator[](const std::string& key) const {
    for (const auto& name : {prefix_ + key, key}) {
      if (golden_.has(name)) return golden_.tensor(name);
    }
    if (golden_.json.contains("cases")) {
      for (const auto& [other, unused] : golden_.json["cases"].items()) {
        if (golden_.has(other + "." + key)) return golden_.tensor(other + "." + key);
      }
    }
    throw DataError("{}: no tensor {}{}", golden_.name, prefix_, key);
  }

  at::Tensor map(const std::string& key) const {
    const auto labels = (*this)[key];
    return labels.dim() == 4 ? labels.squeeze(1) : labels;
  }

  Anchors anchors() const {
    if (!golden_.has(prefix_ + "anchors") && !golden_.has("anchors") && json_.contains("anchors")) {
      return Case::anchors(golden_.elsewhere(json_["anchors"].get<std::string>()).to(at::kFloat));
    }
    return Case::anchors((*this)["anchors"]);
  }

  /// Gradients by the name of what they are of: {"total.source_features", tensor}.
  TensorMap gradients() const {
    TensorMap result;
    const auto start = prefix_ + "grad.";
    for (const auto& [key, tensor] : golden_.tensors) {
      if (key.starts_with(start)) result.emplace(key.substr(start.size()), tensor);
    }
    return result;
  }

  /// The categories that the alignment loss is restricted to; empty for all.
  std::vector<std::int64_t> valid(std::int64_t categories) const {
    const auto list = json_.value("valid_classes", std::vector<std::int64_t>{});
    return static_cast<std::int64_t>(list.size()) == categories ? std::vector<std::int64_t>{}
                                                                : list;
  }

 private:
  const Case& golden_;
  std::string prefix_;
  const Json& json_;
};

at::Tensor leaf(const at::Tensor& tensor) { return tensor.detach().clone().requires_grad_(true); }

at::Tensor gradient(const at::Tensor& loss, const at::Tensor& of) {
  of.mutable_grad() = at::Tensor();
  loss.backward({}, /*retain_graph=*/true);
  return of.grad().defined() ? of.grad() : at::zeros_like(of);
}

void check_gradient(const std::string& what, const at::Tensor& loss, const at::Tensor& of,
                    const at::Tensor& expected, Check& check) {
  check.close("gradient " + what, gradient(loss, of), expected, 1e-4, 1e-8);
}

/// Alignment of one domain with the case's valid categories.
template <Profile P, GradientScaleRule S>
at::Tensor alignment(const Tensors& tensors, const Prediction& student, const at::Tensor& labels,
                     const Anchors& anchors, const Method& method) {
  const auto valid = tensors.valid(anchors.categories());
  if (valid.empty()) {
    return alignment_by<P, candidate::All, S>(method, tensors.json())(student, labels, anchors);
  }
  auto among = alignment_by<P, candidate::Among, S>(method, tensors.json());
  among.candidates = {valid};
  return among(student, labels, anchors);
}

template <Profile P>
void check_means(const Tensors& tensors, const std::string& domain, const Prediction& student,
                 const at::Tensor& labels, const Method& method, Check& check) {
  const auto vectors = domain + "vectors";
  const auto ids = domain + "ids";
  if (!tensors.has_own(vectors)) return;
  const auto sums = typename P::Sums{}(student.features, typename P::Mask{}(labels, student.logits),
                                       student.logits.size(1));
  const auto means = ClassMeans::of(sums, method.min_pixels(tensors.json()));
  check.equal(tensors.name(ids), means.category, tensors[ids]);
  check.close(tensors.name(vectors), means.means, tensors[vectors], 1e-6, 2e-6);
}

/// A case of the alignment loss alone.
template <Profile P>
void replay_alignment(const Tensors& tensors, const Method& method, Check& check) {
  const Prediction student{leaf(tensors["features"]), tensors["logits"]};
  const auto labels = tensors.map(tensors.has_own("label") ? "label" : "label_down");
  const auto anchors = tensors.anchors();
  const at::Tensor loss =
      alignment<P, gradient_scale::Area>(tensors, student, labels, anchors, method);
  check.close(tensors.name("loss"), loss.item<double>(), number(tensors.json().at("loss")),
              kLossTolerance);
  check_means<P>(tensors, "", student, labels, method, check);
  if (tensors.has_own("grad_features")) {
    check_gradient(tensors.name("features"), loss, student.features, tensors["grad_features"],
                   check);
  }
}

struct Step {
  Prediction source;
  Prediction target;
  at::Tensor source_labels;
  at::Tensor pseudo_labels;
  Anchors anchors;
};

template <Profile P>
Step read_step(const Tensors& tensors, const Method& method, Check& check) {
  const auto prediction = [&](const std::string& domain) {
    return Prediction{leaf(tensors[domain + "_features"]), leaf(tensors[domain + "_logits"])};
  };
  Step step{prediction("source"),
            prediction("target"),
            tensors.map("source_label"),
            {},
            tensors.anchors()};
  using Labeler = typename P::Labeler;
  step.pseudo_labels = Labeler({}, method.rule<Labeler>(tensors.json()))(
      Prediction{tensors["teacher_features"], tensors["teacher_logits"]}, step.anchors);
  check.equal(tensors.name("cluster_label"), step.pseudo_labels.select(0, 0),
              tensors.map("cluster_label"));
  check.equal(tensors.name("threshold_label"), step.pseudo_labels.select(0, 1),
              tensors.map("threshold_label"));
  return step;
}

/// The terms of a step, by the names that the cases give them.
template <Profile P>
TensorMap terms_of(const Tensors& tensors, const Step& step, const Method& method, Check& check) {
  const auto valid = tensors.valid(step.anchors.categories());
  using Published = typename P::Loss;
  Published published;
  published.anchor = alignment_by<P, candidate::All>(method, tensors.json());
  published.anchor_weight = tensors.json().value("cls_feature_weight", published.anchor_weight);
  const auto evaluate = [&](const auto& loss) {
    return loss.terms(step.source, step.source_labels, step.target, step.pseudo_labels,
                      step.anchors);
  };
  using Restricted = AdaptationLoss<typename P::Labeler, decltype(Published::source),
                                    decltype(Published::pseudo), Alignment<P, candidate::Among>>;
  Restricted restricted{.anchor = alignment_by<P, candidate::Among>(method, tensors.json()),
                        .anchor_weight = published.anchor_weight};
  restricted.anchor.candidates = {valid};
  const auto terms = valid.empty() ? evaluate(published) : evaluate(restricted);
  TensorMap result{{"total", terms.total()}};
  for (const auto& term : terms.terms()) result.emplace(term.name, term.value);

  const auto& size = step.source.logits;
  const auto coarse = downsample_labels(step.source_labels, size.size(2), size.size(3));
  const auto clusters = step.pseudo_labels.select(0, 0);
  if (tensors.has_own("source_label_down")) {
    check.equal("source_label_down", coarse, tensors.map("source_label_down"));
  }
  check_means<P>(tensors, "source_", step.source, coarse, method, check);
  check_means<P>(tensors, "target_", step.target, clusters, method, check);
  result["source_ce"] = result.at("source");
  result["cluster_ce"] = published.pseudo(step.target.logits, clusters);
  result["threshold_ce"] = published.pseudo(step.target.logits, step.pseudo_labels.select(0, 1));
  result["l2_source"] = result.at("anchor_source");
  result["l2_target"] = result.at("anchor_target");
  result["l2_source_unscaled"] =
      alignment<P, gradient_scale::None>(tensors, step.source, coarse, step.anchors, method);
  result["l2_target_unscaled"] =
      alignment<P, gradient_scale::None>(tensors, step.target, clusters, step.anchors, method);
  result["loss_L2_cls"] = (result["l2_source"] + result["l2_target"]) * published.anchor_weight;
  return result;
}

void check_terms(const Json& losses, const TensorMap& terms, Check& check) {
  for (const auto& [description, value] : losses.items()) {
    const auto name = description.substr(0, description.find(' '));
    const auto term = terms.find(name);
    check.that(term != terms.end(), "unknown loss " + description);
    if (term == terms.end()) continue;
    check.close(name, term->second.item<double>(), number(value), kLossTolerance);
  }
}

void check_odd_terms(const Tensors& tensors, const TensorMap& terms, Check& check) {
  const auto compare = [&](const char* term, const Json& value) {
    check.close(tensors.name(term), terms.at(term).item<double>(), number(value), kLossTolerance);
  };
  const auto& json = tensors.json();
  if (json.contains("loss")) compare("total", json["loss"]);
  if (json.contains("loss_CTS")) compare("pseudo", json["loss_CTS"]);
  if (json.contains("loss_L2_cls")) compare("loss_L2_cls", json["loss_L2_cls"]);
  if (const auto* key = "source_ce,cluster_ce,threshold_ce"; json.contains(key)) {
    compare("source_ce", json[key].at(0));
    compare("cluster_ce", json[key].at(1));
    compare("threshold_ce", json[key].at(2));
  }
  if (const auto* key = "align source,target"; json.contains(key)) {
    compare("l2_source", json[key].at(0));
    compare("l2_target", json[key].at(1));
  }
}

void check_gradients(const Tensors& tensors, const Step& step, const TensorMap& terms,
                     Check& check) {
  const TensorMap leaves{{"source_features", step.source.features},
                         {"source_logits", step.source.logits},
                         {"target_features", step.target.features},
                         {"target_logits", step.target.logits}};
  for (const auto& [what, expected] : tensors.gradients()) {
    const auto dot = what.find('.');
    const auto term = terms.find(what.substr(0, dot));
    const auto of = leaves.find(what.substr(dot + 1));
    if (term == terms.end() || of == leaves.end()) {
      check.that(false, "unknown gradient " + what);
      continue;
    }
    check_gradient(tensors.name(what), term->second, of->second, expected, check);
  }
}

template <Profile P>
void replay_as(const Case& golden, const Method& method, Check& check) {
  if (golden.json.contains("losses")) {
    const Tensors tensors(golden, "", golden.json);
    const auto step = read_step<P>(tensors, method, check);
    const auto terms = terms_of<P>(tensors, step, method, check);
    check_terms(golden.json["losses"], terms, check);
    check_gradients(tensors, step, terms, check);
  }
  if (!golden.json.contains("cases")) return;
  for (const auto& [name, json] : golden.json["cases"].items()) {
    const Tensors tensors(golden, name, json);
    if (tensors.has_own("features")) {
      replay_alignment<P>(tensors, method, check);
      continue;
    }
    const auto step = read_step<P>(tensors, method, check);
    const auto terms = terms_of<P>(tensors, step, method, check);
    check_odd_terms(tensors, terms, check);
    check_gradients(tensors, step, terms, check);
  }
}

}  // namespace

void replay_losses(const Case& golden, const Method& method, Check& check) {
  replay_as<Plain>(golden, method, check);
  replay_as<Compiled>(golden, method, check);
}

}  // namespace cag::parity
