#include "bytes.hpp"

#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failure.hpp"

namespace cag::score {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int operator*() const { return number_; }

 private:
  int number_;
};

[[noreturn]] void refused(const char* operation, const std::string& path, int error) {
  fail(CAG_SCORER_IO, "cannot ", operation, " ", path.empty() ? "\"\"" : path, ": ",
       std::generic_category().message(error));
}

}  // namespace

Bytes Bytes::of_memory(const void* data, std::size_t size) {
  return {"the bytes given", size, [data](std::uint64_t offset, char* to, std::size_t count) {
            if (count > 0) std::memcpy(to, static_cast<const char*>(data) + offset, count);
          }};
}

Bytes Bytes::of_file(const char* path) {
  const std::string name = path;
  // A pipe would block for ever without O_NONBLOCK.
  const auto file = std::make_shared<Descriptor>(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (**file < 0) refused("open", name, errno);
  struct stat status {};
  if (::fstat(**file, &status) != 0) refused("examine", name, errno);
  if (!S_ISREG(status.st_mode))
    fail(CAG_SCORER_IO, name, ": expected a regular file, found a ",
         S_ISDIR(status.st_mode) ? "directory" : "device or pipe");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  return {name, size, [file, name, size](std::uint64_t offset, char* to, std::size_t count) {
            while (count > 0) {
              const auto got = ::pread(**file, to, count, static_cast<off_t>(offset));
              if (got < 0 && errno == EINTR) continue;
              if (got < 0) refused("read", name, errno);
              if (got == 0)
                fail(CAG_SCORER_BAD_ANCHORS, name, ": expected ", size, " bytes, found ", offset);
              offset += static_cast<std::uint64_t>(got);
              to += got;
              count -= static_cast<std::size_t>(got);
            }
          }};
}

}  // namespace cag::score
