"""What the compiler does not see of the source tree. Prints each breach as `file: what`; exits 1 if there is one.

usage: structure.py SOURCE_DIR
"""

import pathlib
import re
import sys

# What cag::cag needs besides the standard library and POSIX; a header that needs more, as cag::kernels, stays out of the
# umbrella.
CORE = ("cag/", "ATen/", "c10/", "torch/", "caffe2/", "Eigen/", "fmt/", "sys/")
# Of LibTorch, but more to compile than most users want, or not in its oldest version: those who do include the header
# themselves.
APART = ("torch/csrc/jit/", "torch/csrc/inductor/")
# What not every file needs and takes as long to compile as all the rest: files on disk, reference networks.
OPTIONAL = ("cag/io/", "cag/network/", "cag/stage/checkpoint.hpp", "cag/model/package_info.hpp")
POSIX = ("fcntl.h", "stdlib.h", "unistd.h")
LINES = 400
# What a library does not do in its user's process.
INTRUSIONS = {
    "prints": r"\bstd::(?:cout|cerr|clog)\b|\b(?:f?printf|f?puts|putchar)\s*\(|\bfmt::print|\bTORCH_WARN",
    "reads the terminal or the environment": r"\bstd::cin\b|\bgetenv\s*\(|\bsetenv\s*\(",
    "handles signals or ends the process":
        r"\bstd::signal\b|\bsigaction\b|\bstd::(?:exit|quick_exit|abort|terminate|set_terminate|atexit)\b",
    "seeds LibTorch's generator": r"\bmanual_seed\s*\(",
    "keeps state that lives as long as the process":
        r"\bthread_local\b|(?:^|[{;])\s*(?:static|inline)\s+(?:std::)?(?!constexpr|const |consteval|auto )[\w:<>,\s*&]+?\s\w+"
        r"\s*(?:=[^=]|\{[^{}]*\};|;)",
}
ALLOWED = {"cag/detail/aside.hpp": "static std::atomic"}  # numbers names of temporary files, no result depends on it

root = pathlib.Path(sys.argv[1])
include = root / "include"
headers = sorted(path.relative_to(include).as_posix() for path in include.rglob("*.hpp"))
compiled = {path.relative_to(root / "kernels/include").as_posix() for path in (root / "kernels/include").rglob("*.hpp")}
breaches = []


def includes(path):
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', path.read_text(), re.MULTILINE)


direct = {header: includes(include / header) for header in headers}


def closure(header, seen):
    for name in direct.get(header, []):
        if name not in seen:
            seen.add(name)
            closure(name, seen)
    return seen


def is_core(header):
    return not any(name.startswith(APART) or name in compiled for name in closure(header, set())) and all(
        "/" not in name and not name.endswith(".h") or name in POSIX or name.startswith(CORE)
               for name in closure(header, set()))


UMBRELLA = "cag/cag.hpp"
for header in headers:
    text = (include / header).read_text()
    if not text.startswith("#pragma once"):
        breaches.append(f"include/{header}: does not start with #pragma once")
    if text.count("\n") > LINES:
        breaches.append(f"include/{header}: longer than {LINES} lines")
    if "torch/torch.h" in direct[header]:
        breaches.append(f"include/{header}: includes torch/torch.h, which costs every user 20 s")
    if any(name.startswith("cag/") and name not in direct and name not in compiled for name in direct[header]):
        breaches.append(f"include/{header}: includes a cag header that does not exist")

    code = re.sub(r"//[^\n]*", "", text)
    for what, pattern in INTRUSIONS.items():
        for match in re.finditer(pattern, code, re.MULTILINE):
            if ALLOWED.get(header, "\0") not in match.group():
                breaches.append(f"include/{header}: {what}: `{' '.join(match.group().split())}`")

public = [header for header in headers if "/detail/" not in header and header != UMBRELLA]
for header in public:
    listed = header in direct.get(UMBRELLA, [])
    optional = header.startswith(OPTIONAL)
    if is_core(header) and not optional and not listed:
        breaches.append(f"include/{UMBRELLA}: lacks #include <{header}>")
    if not is_core(header) and listed:
        breaches.append(f"include/{UMBRELLA}: includes {header}, which needs more than LibTorch, Eigen and fmt")
    if optional and listed:
        breaches.append(f"include/{UMBRELLA}: includes {header}, which is left to those who need it")

tests = root / "tests"
for test in sorted(tests.glob("*/**/*_test.cpp")):
    header = f"cag/{test.relative_to(tests).as_posix().removesuffix('_test.cpp')}.hpp"
    if header in direct and includes(test)[:1] != [header]:
        breaches.append(f"{test.relative_to(root)}: its first include is not {header}")

print("\n".join(breaches) or f"{len(headers)} headers in order")
sys.exit(bool(breaches))
