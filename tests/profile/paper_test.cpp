#include <cag/profile/paper.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <tuple>
#include <vector>

#include <cag/anchor/anchor_bank.hpp>
#include <cag/profile/cag.hpp>
#include <cag/profile/profile.hpp>
#include <cag/profile/published_code.hpp>

#include "catch.hpp"
#include "tensors.hpp"

using namespace cag;
using namespace cag::test;

static_assert(Profile<profile::Paper> && Profile<profile::PublishedCode> && Profile<profile::Cag>);

namespace {

using Values = std::vector<double>;
using Labels = std::vector<std::int64_t>;

/// The paper's equations in plain loops over [N, channels, h, w] in row-major order, written
/// without the library.
namespace oracle {

struct Shape {
  int images, channels, height, width;
  int pixels() const { return images * height * width; }
  /// Where channel c of pixel p lies.
  int at(int c, int p) const {
    const int area = height * width;
    return ((p / area) * channels + c) * area + p % area;
  }
};

/// f_c: the centroid of all source features of category c; empty where there are none.
std::vector<Values> centroids(const Values& features, const Shape& shape, const Labels& labels,
                              int categories) {
  std::vector<Values> result(categories);
  for (int c = 0; c < categories; ++c) {
    Values sum(shape.channels, 0);
    int count = 0;
    for (int p = 0; p < shape.pixels(); ++p) {
      if (labels[p] != c) continue;
      ++count;
      for (int d = 0; d < shape.channels; ++d) sum[d] += features[shape.at(d, p)];
    }
    if (count == 0) continue;
    for (auto& value : sum) value /= count;
    result[c] = sum;
  }
  return result;
}

double distance(const Values& features, const Shape& shape, int p, const Values& anchor) {
  double sum = 0;
  for (int d = 0; d < shape.channels; ++d) {
    const double difference = features[shape.at(d, p)] - anchor[d];
    sum += difference * difference;
  }
  return std::sqrt(sum);
}

/// Equations 1 and 2: the category whose anchor is nearest if every other is farther by more than
/// the margin.
Labels pseudo_labels(const Values& features, const Shape& shape, const std::vector<Values>& anchors,
                     double margin) {
  Labels result(shape.pixels(), kIgnoreIndex);
  for (int p = 0; p < shape.pixels(); ++p) {
    for (std::size_t c = 0; c < anchors.size(); ++c) {
      if (anchors[c].empty()) continue;
      bool active = true;
      bool alone = true;
      for (std::size_t other = 0; other < anchors.size(); ++other) {
        if (other == c || anchors[other].empty()) continue;
        alone = false;
        active = active && distance(features, shape, p, anchors[other]) -
                                   distance(features, shape, p, anchors[c]) >
                               margin;
      }
      if (active && !alone) result[p] = static_cast<std::int64_t>(c);
    }
  }
  return result;
}

/// Mean distance of labelled pixels to the anchors of their labels.
double distance_loss(const Values& features, const Shape& shape, const Labels& labels,
                     const std::vector<Values>& anchors) {
  double sum = 0;
  int count = 0;
  for (int p = 0; p < shape.pixels(); ++p) {
    if (labels[p] == kIgnoreIndex || anchors[labels[p]].empty()) continue;
    sum += distance(features, shape, p, anchors[labels[p]]);
    ++count;
  }
  return count == 0 ? 0 : sum / count;
}

double cross_entropy(const Values& logits, const Shape& shape, const Labels& labels) {
  double sum = 0;
  int count = 0;
  for (int p = 0; p < shape.pixels(); ++p) {
    if (labels[p] == kIgnoreIndex) continue;
    double largest = -1e300;
    for (int c = 0; c < shape.channels; ++c) largest = std::max(largest, logits[shape.at(c, p)]);
    double total = 0;
    for (int c = 0; c < shape.channels; ++c) total += std::exp(logits[shape.at(c, p)] - largest);
    sum += largest + std::log(total) - logits[shape.at(static_cast<int>(labels[p]), p)];
    ++count;
  }
  return count == 0 ? 0 : sum / count;
}

/// Bilinear interpolation that maps corner pixels to corner pixels.
Values upsampled(const Values& map, const Shape& from, const Shape& to) {
  Values result(static_cast<std::size_t>(to.images) * to.channels * to.height * to.width);
  const auto split = [](int i, int small, int large) {
    const double at = large == 1 ? 0 : static_cast<double>(i) * (small - 1) / (large - 1);
    const int low = std::min(static_cast<int>(at), small - 1);
    return std::tuple{low, std::min(low + 1, small - 1), at - low};
  };
  std::size_t next = 0;
  for (int plane = 0; plane < from.images * from.channels; ++plane) {
    const double* source =
        map.data() + static_cast<std::ptrdiff_t>(plane) * from.height * from.width;
    for (int y = 0; y < to.height; ++y) {
      const auto [top, bottom, v] = split(y, from.height, to.height);
      for (int x = 0; x < to.width; ++x) {
        const auto [left, right, u] = split(x, from.width, to.width);
        const auto value = [&](int row, int column) { return source[row * from.width + column]; };
        result[next++] = (1 - v) * ((1 - u) * value(top, left) + u * value(top, right)) +
                         v * ((1 - u) * value(bottom, left) + u * value(bottom, right));
      }
    }
  }
  return result;
}

/// Central differences of `loss` in each of `values`.
Values gradient(const std::function<double()>& loss, Values& values) {
  constexpr double kStep = 1e-5;
  Values result;
  for (auto& value : values) {
    const double kept = value;
    value = kept + kStep;
    const double above = loss();
    value = kept - kStep;
    const double below = loss();
    value = kept;
    result.push_back((above - below) / (2 * kStep));
  }
  return result;
}

}  // namespace oracle

struct Echo {
  Prediction forward(const at::Tensor& images) const { return {images, images}; }
};

at::Tensor tensor_of(const Values& values, const oracle::Shape& shape) {
  return at::tensor(at::ArrayRef<double>(values), at::kDouble)
      .view({shape.images, shape.channels, shape.height, shape.width});
}

at::Tensor label_tensor(const Labels& labels, const oracle::Shape& shape) {
  return at::tensor(at::ArrayRef<std::int64_t>(labels), at::kLong)
      .view({shape.images, shape.height, shape.width});
}

/// A random step: a source and a target batch, some categories absent, some pixels unlabelled.
struct Example {
  Example(unsigned seed, int images, int width, int categories, int h, int w, int scale)
      : random(seed),
        categories(categories),
        map{images, width, h, w},
        logit_map{images, categories, h, w},
        full{images, categories, h * scale, w * scale} {
    const int absent = categories > 2 ? static_cast<int>(seed) % categories : -1;
    truth.resize(full.pixels());
    for (int p = 0; p < full.pixels(); ++p) {
      const int label = static_cast<int>(random() % (categories + 1));
      truth[p] = label == categories || label == absent ? kIgnoreIndex : label;
    }
    for (int p = 0; p < map.pixels(); ++p) {  // the top-left pixel of each cell
      const int area = h * w;
      const int y = p % area / w;
      const int x = p % w;
      coarse.push_back(truth[((p / area) * full.height + y * scale) * full.width + x * scale]);
    }
    source_features = clustered();
    target_features = clustered();
    teacher_features = target_features;
    for (auto& value : teacher_features) value += 0.1 * normal();
    source_logits = gaussian(logit_map);
    target_logits = gaussian(logit_map);
  }

  Values gaussian(const oracle::Shape& shape) {
    Values result(static_cast<std::size_t>(shape.pixels()) * shape.channels);
    for (auto& value : result) value = 2 * normal();
    return result;
  }

  /// Features near one of a few directions, so that margins are wide for some and narrow for
  /// others.
  Values clustered() {
    auto result = gaussian(map);
    for (int p = 0; p < map.pixels(); ++p) {
      const auto label =
          coarse[p] == kIgnoreIndex ? static_cast<std::int64_t>(random() % categories) : coarse[p];
      result[map.at(static_cast<int>(label) % map.channels, p)] += 8;
    }
    return result;
  }

  double normal() { return distribution(random); }

  std::mt19937 random;
  std::normal_distribution<double> distribution;
  int categories;
  oracle::Shape map, logit_map, full;
  Labels truth, coarse;
  Values source_features, source_logits, target_features, target_logits, teacher_features;
};

Values values_of(const at::Tensor& tensor) {
  const auto flat = tensor.contiguous();
  return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
}

double largest_difference(const Values& a, const Values& b) {
  REQUIRE(a.size() == b.size());
  double result = 0;
  for (std::size_t i = 0; i < a.size(); ++i) result = std::max(result, std::abs(a[i] - b[i]));
  return result;
}

}  // namespace

TEST_CASE("The profile paper computes the paper's equations, values and gradients") {
  struct Size {
    unsigned seed;
    int images, width, categories, h, w, scale;
  };
  const auto size = GENERATE(values<Size>({Size{1, 1, 2, 2, 3, 4, 1}, Size{2, 2, 3, 3, 3, 3, 2},
                                           Size{3, 1, 5, 4, 2, 5, 3}, Size{4, 2, 4, 6, 4, 3, 2},
                                           Size{5, 3, 3, 5, 2, 2, 4}, Size{6, 1, 6, 7, 5, 4, 1}}));
  CAPTURE(size.seed);
  Example e(size.seed, size.images, size.width, size.categories, size.h, size.w, size.scale);

  // Anchors, from the source features.
  const auto centroids = oracle::centroids(e.source_features, e.map, e.coarse, e.categories);
  AnchorBank<Echo, profile::Paper::Update, profile::Paper::Mask> bank(e.categories);
  bank.observe(
      Prediction{tensor_of(e.source_features, e.map), tensor_of(e.source_logits, e.logit_map)},
      label_tensor(e.truth, e.full));
  for (int c = 0; c < e.categories; ++c) {
    const bool seen = bank.anchors().counts[c].item<std::int64_t>() > 0;
    REQUIRE(seen == !centroids[c].empty());
    if (seen) CHECK(largest_difference(values_of(bank.anchors().vectors[c]), centroids[c]) < 1e-12);
  }

  // Pseudo-labels, from the teacher's features.
  profile::Paper::Loss loss;
  const auto expected_labels =
      oracle::pseudo_labels(e.teacher_features, e.map, centroids, loss.labeler.rule().margin);
  const auto labels = loss.labeler(tensor_of(e.teacher_features, e.map), bank.anchors());
  REQUIRE(same(labels, label_tensor(expected_labels, e.map)));
  CHECK(labels.ne(kIgnoreIndex).any().item<bool>());

  // Terms and their sum.
  const auto leaf = [](const Values& values, const oracle::Shape& shape) {
    return tensor_of(values, shape).requires_grad_(true);
  };
  const Prediction source{leaf(e.source_features, e.map), leaf(e.source_logits, e.logit_map)};
  const Prediction target{leaf(e.target_features, e.map), leaf(e.target_logits, e.logit_map)};
  const auto terms =
      loss.terms(source, label_tensor(e.truth, e.full), target, labels, bank.anchors());
  const auto pseudo = [&] {
    return oracle::cross_entropy(e.target_logits, e.logit_map, expected_labels);
  };
  const auto discriminative = [&] {
    return oracle::cross_entropy(oracle::upsampled(e.source_logits, e.logit_map, e.full), e.full,
                                 e.truth);
  };
  const auto source_distance = [&] {
    return oracle::distance_loss(e.source_features, e.map, e.coarse, centroids);
  };
  const auto target_distance = [&] {
    return oracle::distance_loss(e.target_features, e.map, expected_labels, centroids);
  };
  const auto value = [&](int i) { return terms.terms()[i].value.item<double>(); };
  CHECK(value(0) == Approx(pseudo()).epsilon(1e-12));
  CHECK(value(1) == Approx(discriminative()).epsilon(1e-12));
  CHECK(value(2) == Approx(source_distance()).epsilon(1e-12));
  CHECK(value(3) == Approx(target_distance()).epsilon(1e-12));

  const auto total = [&] {
    return pseudo() + discriminative() +
           loss.anchor_weight * (source_distance() + target_distance());
  };
  CHECK(terms.total().item<double>() == Approx(total()).epsilon(1e-12));
  terms.total().backward();
  const auto check_gradient = [&](const at::Tensor& leaf, Values& values) {
    CHECK(largest_difference(values_of(leaf.grad()), oracle::gradient(total, values)) < 1e-8);
  };
  check_gradient(source.features, e.source_features);
  check_gradient(source.logits, e.source_logits);
  check_gradient(target.features, e.target_features);
  check_gradient(target.logits, e.target_logits);
}

TEST_CASE("The profile paper's active pixel needs more than the margin") {
  const Anchors anchors{doubles({0, 5}).view({2, 1}), ints({1, 1})};
  const auto features = floats({1.25}).view({1, 1, 1, 1});  // 1.25 from one, 3.75 from the other
  CHECK(same(profile::Paper::Labeler{}(features, anchors), ints({kIgnoreIndex}).view({1, 1, 1})));
  const Prediction teacher{features, floats({0, 9}).view({1, 2, 1, 1})};
  CHECK(same(profile::PublishedCode::Labeler{}(teacher, anchors), ints({0, 1}).view({2, 1, 1, 1})));
}

TEST_CASE("The zero anchor of a category never seen competes in the profile published_code only") {
  const Anchors anchors{doubles({0, 5}).view({2, 1}), ints({0, 1})};
  const Prediction teacher{floats({0.5}).view({1, 1, 1, 1}), floats({0, 1}).view({1, 2, 1, 1})};
  CHECK(profile::PublishedCode::Labeler{}(teacher, anchors).select(0, 0).item<std::int64_t>() == 0);
  CHECK(profile::Cag::Labeler{}(teacher, anchors).select(0, 0).item<std::int64_t>() ==
        kIgnoreIndex);
  CHECK(profile::Paper::Labeler{}(teacher, anchors).item<std::int64_t>() == kIgnoreIndex);
}

TEST_CASE("A step without a pseudo-label is NaN in published_code and zero terms in the others") {
  const Anchors anchors{doubles({0, 1}).view({2, 1}), ints({1, 1})};  // closer than the margin
  const auto total = [&]<typename P>(P) {
    const auto logits = at::zeros({1, 2, 4, 4}).requires_grad_(true);
    const Prediction student{at::zeros({1, 1, 4, 4}).requires_grad_(true), logits};
    const typename P::Loss loss;
    const auto labels =
        loss.labeler(Prediction{student.features.detach(), logits.detach()}, anchors);
    const auto terms =
        loss.terms(student, at::zeros({1, 4, 4}, at::kLong), student, labels, anchors);
    terms.total().backward();
    CHECK(logits.grad().isfinite().all().template item<bool>());
    CHECK(student.features.grad().isfinite().all().template item<bool>());
    return terms.total().template item<double>();
  };
  CHECK(std::isnan(total(profile::PublishedCode{})));
  CHECK(total(profile::Cag{}) == Approx(std::log(2.0)));
  CHECK(total(profile::Paper{}) == Approx(std::log(2.0)));
}
