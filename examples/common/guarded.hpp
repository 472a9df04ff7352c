#pragma once

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <new>
#include <string>
#include <system_error>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <c10/util/Exception.h>

#include <cag/detail/printable.hpp>
#include <cag/error.hpp>

namespace common {

/// For a terminal, line by line: file names may hold control characters.
inline std::string printable(const std::string& text) {
  std::string result;
  for (std::size_t from = 0; from <= text.size();) {
    const auto to = std::min(text.find('\n', from), text.size());
    result += (from == 0 ? "" : "\n") + cag::detail::printable(text.substr(from, to - from));
    from = to + 1;
  }
  return result;
}

/// Says what went wrong; where even that cannot be written, the exit code says it alone.
inline int failed(int code, const std::string& message) {
  std::fputs(("error: " + printable(message) + "\n").c_str(), stderr);
  return code;
}
inline int failed(cag::Fault fault, const std::string& message) {
  return failed(static_cast<int>(fault), message);
}

/// What LibTorch threw: a wrong value in the data, too little memory, or what nobody expected.
inline int failed(const c10::Error& error) {
  const std::string text = error.what_without_backtrace();
  const auto request = text.find("you tried to allocate");
  if (request != std::string::npos || dynamic_cast<const c10::OutOfMemoryError*>(&error))
    return failed(cag::Fault::kIo,
                  "not enough memory; smaller batches or images need less" +
                      (request == std::string::npos ? "" : " (" + text.substr(request) + ")"));
  if (dynamic_cast<const c10::ValueError*>(&error)) return failed(cag::Fault::kData, text);
  return failed(1, "LibTorch: " + text);
}

/// @throws std::system_error where something that was printed did not get out
inline void expect_written() {
  errno = 0;
  std::cout.flush();  // which may be what flushes stdout
  const bool flushed = std::fflush(stdout) == 0;
  if (!flushed || std::ferror(stdout) != 0 || !std::cout)
    throw std::system_error(errno == 0 ? EIO : errno, std::generic_category(), "standard output");
}

/// Nothing that the program opens takes the place of a standard stream that was closed: it would
/// be written into.
inline void occupy_standard_streams() {
  for (int stream = 0; stream <= 2; ++stream)
    if (::fcntl(stream, F_GETFD) < 0) ::open("/dev/null", stream == 0 ? O_WRONLY : O_RDONLY);
}

/// The exit code of a program whose `work` parses its command line with `app` and does the rest:
/// what it returns, or that of the one error it ends with.
template <typename F>
int guarded(CLI::App& app, F&& work) {
  occupy_standard_streams();
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is then an error of the write
  app.failure_message([](const CLI::App* command, const CLI::Error& error) {
    return fmt::format("error: {}\nRun {} --help for more.\n", error.what(), command->get_name());
  });
  try {
    int code = 0;
    try {
      code = work();
    } catch (const CLI::ParseError& error) {
      if (app.exit(error) != 0) code = static_cast<int>(cag::Fault::kUsage);
    }
    expect_written();
    return code;
  } catch (const cag::Error& error) {
    return failed(error.fault(), error.what());
  } catch (const c10::Error& error) {
    return failed(error);
  } catch (const std::bad_alloc&) {
    return failed(cag::Fault::kIo, "not enough memory; smaller batches or images need less");
  } catch (const std::system_error& error) {
    return failed(cag::Fault::kIo, error.what());
  } catch (const std::exception& error) {
    return failed(1, error.what());
  }
}

}  // namespace common
