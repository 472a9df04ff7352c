"""What each public header adds to the compile time of a file that includes what it needs of LibTorch, Eigen and fmt.

usage: compile_time.py --compiler CXX --include DIR... --source DIR --out FOLDER [--repeats N] [--jobs N] [--budget SECONDS]

The file without cag is a precompiled header of everything that any header includes from elsewhere; the file with cag is
one #include more. User CPU time, the least of the repeats of either. Exits 1 where a header adds more than the budget.
Beside it, what the umbrella costs a file that includes nothing else: with LibTorch's part.
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
flags = ["-std=c++20", "-O2"] + [f"-I{folder}" for folder in [include, *arguments.include]]


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


umbrella = "cag/cag.hpp"
public = included(include / umbrella) + [umbrella]
closure, todo = set(), list(public)
while todo:
    header = todo.pop()
    if header not in closure:
        closure.add(header)
        todo += [name for name in included(include / header) if name.startswith("cag/")]
foreign = sorted({name for header in closure for name in included(include / header) if not name.startswith("cag/")})

base = out / "base.hpp"
base.write_text("#pragma once\n" + "".join(f"#include <{name}>\n" for name in foreign))
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
alone = measure([f"<{umbrella}>"])
# By itself, not as a precompiled header: what the same file costs without cag.
without = measure([f"<{name}>" for name in foreign])

rows = sorted(adds.items(), key=lambda item: -item[1])
print("| header | adds, s |\n|---|---|")
for header, seconds in rows:
    print(f"| `{header}` | {max(seconds, 0):.2f} |")
print(f"\n{len(public)} headers; the budget is {arguments.budget} s. <{umbrella}> alone: {alone:.1f} s, of which LibTorch, "
      f"Eigen and fmt take {without:.1f} s.")
(out / "compile_time.json").write_text(json.dumps({"adds": adds, "umbrella": alone, "without": without}, indent=1))
over = [header for header, seconds in rows if seconds > arguments.budget]
sys.exit(f"over the budget: {', '.join(over)}" if over else 0)
