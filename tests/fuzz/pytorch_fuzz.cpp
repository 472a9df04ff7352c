#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include <cag/detail/pytorch_legacy.hpp>
#include <cag/detail/pytorch_zip.hpp>

namespace {

struct Bytes {
  std::string_view text;

  std::string name() const { return "fuzz"; }
  std::uint64_t size() const { return text.size(); }
  void read_at(std::uint64_t offset, char* buffer, std::uint64_t count) const {
    if (offset > text.size() || count > text.size() - offset)
      throw cag::CheckpointError("fuzz: too short");
    std::memcpy(buffer, text.data() + offset, count);
  }
};

/// The pickles of an archive without their checksums, which would keep the fuzzer out.
void read_pickles(const Bytes& file) {
  for (const auto& [name, entry] : cag::detail::ZipDirectoryReader<Bytes>::read(file)) {
    if (entry.begin > file.size() || entry.size > file.size() - entry.begin) std::abort();
    if (!name.ends_with(".pkl")) continue;
    const auto pickle =
        cag::detail::Unpickler(file.text.substr(entry.begin, entry.size), "fuzz").load();
    if (pickle.nodes.size() > cag::detail::Pickle::kMaxNodes) std::abort();
  }
}

}  // namespace

/// What is accepted lies within the file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes file{{reinterpret_cast<const char*>(data), size}};
  try {
    if (file.text.starts_with("PK")) {
      read_pickles(file);
      cag::detail::read_pytorch_zip(file);
    } else {
      cag::detail::read_pytorch_legacy(file);
    }
  } catch (const cag::CheckpointError&) {
  }
  return 0;
}
