#include <cag/detail/naming.hpp>

#include <catch.hpp>

using cag::detail::naming;

TEST_CASE("naming puts the name before an error that lacks it, once") {
  const auto fails = [](const char* message) {
    return [message]() -> int { throw cag::CheckpointError("{}", message); };
  };
  CHECK(naming("run", [] { return 3; }) == 3);
  CHECK_THROWS_WITH(naming("run", fails("expected 2")), "run: expected 2");
  CHECK_THROWS_WITH(naming("run", fails("run: expected 2")), "run: expected 2");
  CHECK_THROWS_WITH(naming("run", fails("run/part: expected 2")), "run/part: expected 2");
  CHECK_THROWS_WITH(naming("e", fails("expected 2")), "e: expected 2");
  CHECK_THROWS_WITH(naming("run", fails("run")), "run: run");
  CHECK_THROWS_AS(naming("run", []() -> int { throw cag::IoError("no"); }), cag::IoError);
}
