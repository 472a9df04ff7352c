"""Builds and runs the consumer find_package with compilers, standards and releases of LibTorch; every pair meets.

usage: matrix.py NAME=TORCH_ROOT... [--all] [--compilers g++ clang++] [--standards 20 23] [--build FOLDER]

A TORCH_ROOT is the folder that holds LibTorch's include/ and lib/; `NAME=archive:TORCH_ROOT` makes the layout of the
official archive (libtorch/{include,lib,share}) by links to the files of a wheel. cag is installed once, from this
checkout. Prints a table in Markdown; exits 1 if a combination failed, with its output in FOLDER. `--all` runs every
combination in place of all pairs.
"""

import argparse
import itertools
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
CONSUMER = SOURCE / "tests/consumers/find_package"


def pairs(*factors):
    """The fewest rows found greedily in which every value of a factor meets every value of each other factor."""
    open_pairs = {((i, a), (j, b)) for i, j in itertools.combinations(range(len(factors)), 2)
                  for a in factors[i] for b in factors[j]}
    rows = []
    while open_pairs:
        row = max(itertools.product(*factors),
                  key=lambda candidate: len(open_pairs & set(itertools.combinations(enumerate(candidate), 2))))
        open_pairs -= set(itertools.combinations(enumerate(row), 2))
        rows.append(row)
    return rows


def archive_of(root, folder):
    """The layout of the official archive, by links to a wheel's files and to the CUDA libraries they load."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "libtorch/lib").mkdir(parents=True)
    for part in ["include", "share"]:
        (folder / "libtorch" / part).symlink_to(root / part)
    for library in [*root.glob("lib/*.so*"), *root.parent.glob("nvidia/**/lib/lib*.so*")]:
        link = folder / "libtorch/lib" / library.name
        if not link.exists():
            link.symlink_to(library)
    return folder / "libtorch"


def version_of(root):
    for name in ["torch/headeronly/version.h", "torch/csrc/api/include/torch/version.h"]:
        path = root / "include" / name
        if path.exists():
            return ".".join(re.findall(r"define TORCH_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", path.read_text()))
    sys.exit(f"{root}: expected a LibTorch, found no version.h in its include/")


def release_of(compiler):
    text = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True).stdout
    return f"{pathlib.Path(compiler).name} {re.search(r'[0-9]+[.][0-9.]+', text)[0]}"


def run(log, *command, **options):
    with open(log, "a") as output:
        return subprocess.run([str(part) for part in command], stdout=output, stderr=output, **options).returncode == 0


def combination(build, prefix, compiler, standard, name, root):
    folder = build / f"{name}-{pathlib.Path(compiler).name}-{standard}"
    folder.mkdir(exist_ok=True)
    log = build / f"{folder.name}.log"
    log.unlink(missing_ok=True)
    # An archive is named as its documentation has it, a wheel as cag's.
    torch = [f"-DCMAKE_PREFIX_PATH={prefix};{root}"] if root.name == "libtorch" else [
        f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCAG_TORCH_ROOT={root}"]
    launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    environment = {key: value for key, value in os.environ.items() if key not in ("LD_LIBRARY_PATH", "CAG_TORCH_ROOT")}
    for step, command in {
            "configure": ["cmake", "-S", CONSUMER, "-B", folder, f"-DCMAKE_CXX_COMPILER={compiler}",
                          f"-DCMAKE_CXX_STANDARD={standard}", *torch, *launcher],
            "build": ["cmake", "--build", folder, "--parallel", "2"],
            "run": [folder / "consumer"]}.items():
        if not run(log, *command, cwd=folder, env=environment | {"OMP_NUM_THREADS": "1"}):
            return f"{step} failed, see {log}"
    return "ok"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--compilers", nargs="+", default=["g++", "clang++"])
    parser.add_argument("--standards", nargs="+", default=["20", "23"])
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()) / "cag-matrix")
    parser.add_argument("torch", nargs="+", metavar="NAME=TORCH_ROOT")
    options = parser.parse_args()
    build = options.build.resolve()
    build.mkdir(parents=True, exist_ok=True)

    roots = {}
    for each in options.torch:
        name, _, place = each.partition("=")
        if place.startswith("archive:"):
            wheel = pathlib.Path(place.removeprefix("archive:")).resolve()
            roots[name] = archive_of(wheel, build / f"archive-{name}")
        else:
            roots[name] = pathlib.Path(place).resolve()
    versions = {name: version_of(root) for name, root in roots.items()}

    package = build / "package"
    log = build / "package.log"
    if not (run(log, "cmake", "-S", SOURCE, "-B", package, "-DCAG_PACKAGE_ONLY=ON")
            and run(log, "cmake", "--install", package, "--prefix", build / "prefix")):
        sys.exit(f"installing cag failed, see {log}")

    factors = [list(roots), options.compilers, options.standards]
    failed = False
    print("| LibTorch | version | compiler | C++ | two files, linked and run |\n|---|---|---|---|---|", flush=True)
    for name, compiler, standard in itertools.product(*factors) if options.all else sorted(pairs(*factors)):
        result = combination(build, build / "prefix", compiler, standard, name, roots[name])
        failed |= result != "ok"
        print(f"| {name} | {versions[name]} | {release_of(compiler)} | {standard} | {result} |", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
