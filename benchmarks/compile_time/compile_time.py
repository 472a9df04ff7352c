"""What each public header adds to the compile time of a file that includes what it needs of LibTorch, Eigen and fmt.

usage: compile_time.py --compiler CXX --include DIR... --source DIR --out FOLDER [--repeats N] [--jobs N]
                       [--budget SECONDS]

The file without cag is a precompiled header of everything that any header includes from elsewhere; the file with cag is
one #include more. For the umbrella neither is precompiled: a file that includes all of them by itself. User CPU time,
the least of the repeats of either. Exits 1 where a header adds more than the budget.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

parser = argparse.ArgumentParser()
parser.add_argument("--compiler", required=True)
parser.add_argument("--include", nargs="+", required=True)
parser.add_argument("--source", type=pathlib.Path, required=True)
parser.add_argument("--out", type=pathlib.Path, required=True)
parser.add_argument("--repeats", type=int, default=3)
parser.add_argument("--jobs", type=int, default=2)
parser.add_argument("--budget", type=float, default=2.0)
arguments = parser.parse_args()

include = arguments.source / "include"
out = arguments.out
out.mkdir(parents=True, exist_ok=True)
flags = ["-std=c++20", "-O2", f"-I{include}"] + [part for folder in arguments.include for part in ("-isystem", folder)]


def compiled(*command):
    """User CPU seconds."""
    with tempfile.TemporaryFile() as messages:
        process = subprocess.Popen([arguments.compiler, *flags, *map(str, command)], stderr=messages)
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            messages.seek(0)
            sys.exit(messages.read().decode())
    return usage.ru_utime


def included(path):
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)', path.read_text(), re.MULTILINE)


def foreign(header):
    """What the header includes from elsewhere, by way of others too."""
    closure, todo = set(), [header]
    while todo:
        name = todo.pop()
        if name not in closure:
            closure.add(name)
            todo += [other for other in included(include / name) if (include / other).exists()]
    return {name for own in closure for name in included(include / own) if not (include / name).exists()}


umbrella = "cag/cag.hpp"
needs = {name: foreign(name) for path in include.rglob("*.hpp") if "detail" not in path.parts
         for name in [path.relative_to(include).as_posix()]}
# Without image libraries, LibTorch's interpreters and cag::kernels, which the umbrella leaves out too.
apart = ("spng", "turbojpeg", "opencv2/", "torch/csrc/jit/", "torch/csrc/inductor/", "cag/kernels/")
public = sorted(header for header in needs
                if header != umbrella and not any(name.startswith(apart) for name in needs[header]))

base = out / "base.hpp"
outside = sorted(set().union(*(needs[header] for header in public)))
base.write_text("#pragma once\n" + "".join(f"#include <{name}>\n" for name in outside))
compiled("-x", "c++-header", base, "-o", f"{base}.gch")


def measure(lines):
    with tempfile.TemporaryDirectory(dir=out) as folder:
        source = pathlib.Path(folder) / "file.cpp"
        source.write_text("".join(f"#include {line}\n" for line in lines))
        return min(compiled("-c", source, f"-I{out}", "-o", source.with_suffix(".o")) for _ in range(arguments.repeats))


nothing = measure([f'"{base.name}"'])
with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
    with_header = pool.map(lambda header: measure([f'"{base.name}"', f"<{header}>"]), public)
    adds = {header: seconds - nothing for header, seconds in zip(public, with_header)}
without = measure([f"<{name}>" for name in sorted(needs[umbrella])])
whole = measure([f"<{umbrella}>"])
adds[umbrella] = whole - without

rows = sorted(adds.items(), key=lambda item: -item[1])
print("| header | adds, s |\n|---|---|")
for header, seconds in rows:
    print(f"| `{header}` | {max(seconds, 0):.2f} |")
print(f"\n{len(rows)} headers; the budget is {arguments.budget} s. A file that includes {umbrella} alone takes "
      f"{whole:.1f} s, {without:.1f} s of them for LibTorch, Eigen and fmt.")
(out / "compile_time.json").write_text(json.dumps({"adds": adds, "umbrella": whole, "without": without}, indent=1))
over = [header for header, seconds in rows if seconds > arguments.budget]
sys.exit(f"over the budget: {', '.join(over)}" if over else 0)
