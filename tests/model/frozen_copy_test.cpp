#include <cag/model/frozen_copy.hpp>

#include <torch/nn.h>

#include <cag/network/compact.hpp>

#include "catch.hpp"
#include "properties.hpp"

namespace {

// Cannot clone itself: derives from Module only.
struct Plain : torch::nn::Module {
  explicit Plain(std::int64_t out = 2) {
    linear = register_module("linear", torch::nn::Linear(3, out));
    norm = register_module("norm", torch::nn::BatchNorm1d(out));
  }
  at::Tensor forward(const at::Tensor& x) { return norm(linear(x)); }
  torch::nn::Linear linear = nullptr;
  torch::nn::BatchNorm1d norm = nullptr;
};

struct WithBuffer : Plain {
  WithBuffer() { register_buffer("extra", torch::zeros({1})); }
};

void check_is_teacher(const torch::nn::Module& teacher) {
  for (const auto& p : teacher.parameters()) CHECK_FALSE(p.requires_grad());
  for (const auto& part : teacher.modules(/*include_self=*/false)) CHECK_FALSE(part->is_training());
  CHECK_FALSE(teacher.is_training());
}

}  // namespace

TEST_CASE("a frozen copy has the state of the original, in eval mode, without gradients") {
  cag::Compact student(cag::CompactOptions{.categories = 3});
  student->forward(torch::rand({2, 3, 32, 32}));
  auto teacher = cag::frozen_copy(student);
  CHECK(properties::same_state(*student, *teacher));
  check_is_teacher(*teacher);
  CHECK_FALSE(teacher->forward(torch::rand({1, 3, 16, 16})).logits.requires_grad());
  CHECK(student->is_training());
  for (const auto& p : student->parameters()) CHECK(p.requires_grad());
}

TEST_CASE("training the original does not change its frozen copy") {
  torch::manual_seed(5);
  cag::Compact student(cag::CompactOptions{.categories = 3});
  const auto teacher = cag::frozen_copy(student);
  const auto same = cag::frozen_copy(teacher);
  properties::check_a_training_step_moves_everything(student, torch::randn({2, 3, 32, 32}));
  CHECK(properties::same_state(*teacher, *same));
  CHECK_FALSE(properties::same_state(*teacher, *student));
}

TEST_CASE("making a frozen copy does not advance the random numbers") {
  cag::Compact student;
  torch::manual_seed(6);
  const auto expected = torch::rand({4});
  torch::manual_seed(6);
  static_cast<void>(cag::frozen_copy(student));
  CHECK(at::equal(torch::rand({4}), expected));
}

TEST_CASE("a frozen copy keeps the dtype, and works through a shared_ptr") {
  const auto student = std::make_shared<cag::CompactImpl>();
  student->to(torch::kDouble);
  const std::shared_ptr<cag::CompactImpl> teacher = cag::frozen_copy(student);
  CHECK(properties::same_state(*student, *teacher));
}

TEST_CASE("a module that cannot clone itself is copied into what a factory makes") {
  const auto student = std::make_shared<Plain>();
  student->forward(torch::randn({5, 3}));
  const auto teacher = cag::frozen_copy(student, [] { return std::make_shared<Plain>(); });
  CHECK(properties::same_state(*student, *teacher));
  check_is_teacher(*teacher);
  student->linear->weight.data().zero_();
  CHECK(teacher->linear->weight.abs().sum().item<float>() > 0);
}

TEST_CASE("a factory's module that differs from the original is refused") {
  const auto plain = std::make_shared<Plain>();
  const auto more = std::make_shared<WithBuffer>();
  CHECK_THROWS_WITH(cag::frozen_copy(plain, [] { return std::make_shared<Plain>(3); }),
                    Catch::Contains("linear.weight") && Catch::Contains("[2, 3]"));
  CHECK_THROWS_WITH(cag::frozen_copy(plain, [] { return std::make_shared<WithBuffer>(); }),
                    Catch::Contains("extra"));
  CHECK_THROWS_WITH(cag::frozen_copy(more, [] { return std::make_shared<Plain>(); }),
                    Catch::Contains("extra"));
  CHECK_THROWS_AS(cag::frozen_copy(plain, [&] { return plain; }), c10::ValueError);
}
