// Stands in for libFuzzer: gives a target each file, its beginnings, and files that differ from it
// in a few bytes.
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void give(const std::string& bytes) {
  // A copy of its own, so that a sanitizer sees what is read beyond the end.
  const std::vector<std::uint8_t> input(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

std::string mutated(std::string bytes, std::mt19937& random) {
  for (auto left = 1 + random() % 4; left > 0 && !bytes.empty(); --left) {
    const auto at = random() % bytes.size();
    switch (random() % 3) {
      case 0:
        bytes[at] = static_cast<char>(random());
        break;
      case 1:
        bytes.erase(at, 1 + random() % 8);
        break;
      default:
        bytes.insert(at, bytes.substr(random() % bytes.size(), 1 + random() % 16));
    }
  }
  return bytes;
}

}  // namespace

int main(int count, char** files) {
  constexpr std::size_t kBeginnings = 2000;
  constexpr int kMutations = 5000;
  std::mt19937 random(1);
  for (int i = 1; i < count; ++i) {
    std::ifstream stream(files[i], std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(stream), {});
    if (bytes.empty()) {
      std::fprintf(stderr, "%s: expected a file, found none\n", files[i]);
      return 1;
    }
    give(bytes);
    const auto step = 1 + bytes.size() / kBeginnings;
    for (std::size_t size = 0; size < bytes.size(); size += step) give(bytes.substr(0, size));
    for (int m = 0; m < kMutations; ++m) give(mutated(bytes, random));
  }
  std::printf("%d files replayed\n", count - 1);
}
