"""What find_package(cag) finds or says of versions, components and LibTorch, wherever the package and that lie.

usage: run.py CMAKE COMPILER PREFIX VERSION TORCH_ROOT SOURCE_DIR CUDA

CUDA is 1 where the package was made with the operators for CUDA, else 0.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

cmake, compiler, prefix, version, torch, source, cuda = sys.argv[1:]
major, minor, _ = version.split(".")
here = pathlib.Path(__file__).parent
failures = 0


def run(*command, env=None):
    ended = subprocess.run([str(part) for part in command], capture_output=True, text=True, env=env)
    return ended.returncode == 0, re.sub(r"\s+", " ", ended.stdout + ended.stderr)


def expect(name, ask, found, *texts, package=prefix, place=(f"-DCAG_TORCH_ROOT={torch}",), options=(), env=None):
    """Configures a project that asks so: it has to succeed or not, and to print the texts."""
    global failures
    (build / "CMakeCache.txt").unlink(missing_ok=True)  # all but what is known of the compiler
    ended, output = run(cmake, "-S", here, "-B", build, f"-DCMAKE_CXX_COMPILER={compiler}",
                        f"-DCMAKE_PREFIX_PATH={package}", f"-DASK={ask}", *place, *options,
                        env=os.environ | (env or {}))
    missing = [text for text in texts if text not in output]
    if ended != found or missing:
        failures += 1
        print(f"{name}: {'configured' if ended else 'failed'}, and did not say {missing}:\n{output}\n")


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    build = folder / "consumer"

    expect("the version", f"{major}.{minor};REQUIRED", True, f"headers in {prefix}/include")
    expect("a range", f"{major}.{minor}...<{major}.{int(minor) + 1};REQUIRED", True)
    for later in [f"{major}.{int(minor) + 1}", f"{int(major) + 1}", f"{version[:-1]}{int(version[-1]) + 1}"]:
        expect("a later version", f"{later};REQUIRED", False,
               f'compatible with requested version "{later}"', f"version: {version}")

    expect("a component", "REQUIRED;COMPONENTS;data", True, "data TRUE")
    of_cuda = ", kernels_cuda, kernels_cuda_shared" if cuda == "1" else ""
    unknown = (f"This package of cag {version} has no component maps. "
               f"Its components: data, kernels, kernels_shared, score{of_cuda}.")
    expect("a missing component", "REQUIRED;COMPONENTS;maps;data", False, unknown)
    expect("a missing component, found out", "QUIET;COMPONENTS;maps", True, "cag 0,", f"why: {unknown}")
    expect("a missing optional component", "REQUIRED;OPTIONAL_COMPONENTS;maps;data", True,
           f"cag without maps: {unknown}", "cag 1, data TRUE, kernels ,")

    nowhere = ["-DCAG_TORCH_ROOT=/nowhere"]
    expect("compiled components", "REQUIRED;COMPONENTS;kernels;score", True, "kernels TRUE", f"headers in {prefix}/include")
    expect("compiled components without LibTorch", "REQUIRED;COMPONENTS;kernels;kernels_shared", True,
           "cag without cag::cag: cag needs CagTorch", "kernels TRUE", place=nowhere)
    expect("the run-time scorer without LibTorch", "REQUIRED;COMPONENTS;score", True, "score TRUE", place=nowhere)
    expect("an optional compiled component", "REQUIRED;OPTIONAL_COMPONENTS;score", True, "score TRUE", f"headers in {prefix}/include")
    for component in ["score", "kernels"]:
        expect("an optional compiled component without LibTorch", f"REQUIRED;OPTIONAL_COMPONENTS;{component}", False,
               "cag needs CagTorch", place=nowhere)
    expect("a component that needs LibTorch beside one that does not", "REQUIRED;COMPONENTS;score;data", False,
           "CAG_TORCH_ROOT is /nowhere", place=nowhere)
    no_highway = ["-DCMAKE_DISABLE_FIND_PACKAGE_hwy=ON"]
    expect("the static operators without Highway", "REQUIRED;COMPONENTS;kernels", False,
           "cag needs hwy, which was not found", place=nowhere, options=no_highway)
    expect("the shared ones without Highway", "REQUIRED;COMPONENTS;kernels_shared;score", True, place=nowhere,
           options=no_highway)

    made_with = "That one is made with CAG_KERNELS_CUDA, which a CUDA compiler turns on."
    if cuda == "1":
        expect("the operators for CUDA without LibTorch", "REQUIRED;COMPONENTS;kernels_cuda;kernels_cuda_shared", True,
               "kernels_cuda TRUE", place=nowhere)
        expect("the operators for CUDA without the toolkit", "REQUIRED;COMPONENTS;kernels_cuda", False,
               "cag needs CUDAToolkit >= ", "which was not found", place=nowhere,
               options=["-DCMAKE_DISABLE_FIND_PACKAGE_CUDAToolkit=ON"])
    else:
        expect("the operators for CUDA in a package without them", "REQUIRED;COMPONENTS;kernels_cuda", False,
               "has no component kernels_cuda. Its components: data, ", made_with, place=nowhere)

    no_spng = ["-DCMAKE_DISABLE_FIND_PACKAGE_CagSpng=ON"]
    expect("a component without its library", "REQUIRED;COMPONENTS;data", False,
           "cag needs CagSpng, which was not found", options=no_spng)
    expect("an optional one without its library", "REQUIRED;OPTIONAL_COMPONENTS;data", True, "cag 1, data FALSE",
           options=no_spng)

    spng = folder / "spng"
    spng.mkdir()
    (spng / "SPNGConfig.cmake").write_text(
        "add_library(spng::spng_static INTERFACE IMPORTED)\nset(SPNG_VERSION 0.7.4)\n")
    expect("a component by its library's own package", "REQUIRED;COMPONENTS;data", True, "data TRUE",
           'Found CagSpng: spng::spng_static (found version "0.7.4")', options=[f"-DSPNG_DIR={spng}"])

    expect("no LibTorch", "REQUIRED", False,
           "CAG_TORCH_ROOT is /nowhere, and there is no include/ATen/core/Tensor.h in it",
           place=["-DCAG_TORCH_ROOT=/nowhere"])
    old = folder / "old"
    for name, text in {"include/ATen/core/Tensor.h": "", "lib/libtorch_cpu.so": "", "lib/libc10.so": "",
                       "include/torch/csrc/api/include/torch/version.h": "#define TORCH_VERSION_MAJOR 1\n"
                       "#define TORCH_VERSION_MINOR 13\n#define TORCH_VERSION_PATCH 1\n"}.items():
        (old / name).parent.mkdir(parents=True, exist_ok=True)
        (old / name).write_text(text)
    expect("an old LibTorch", "REQUIRED", False, f"LibTorch in {old} is of version 1.13.1, older than",
           place=[f"-DCAG_TORCH_ROOT={old}"])

    # The same LibTorch by each way that it may be named, as an unpacked archive and as a Python's package.
    archive, site = folder / "libtorch", folder / "site"
    for link in [archive, site / "torch"]:
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(torch)
    python = folder / "bin/python3"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nPYTHONPATH={site} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    expect("an archive", "REQUIRED", True, f"Found CagTorch: {archive}", package=f"{prefix};{archive}", place=[])
    for place, env in [([f"-DTorch_DIR={archive}/share/cmake/Torch"], {}), ([f"-DTorch_ROOT={archive}"], {}),
                       ([], {"CAG_TORCH_ROOT": str(archive)})]:
        expect(f"LibTorch by {place or env}", "REQUIRED", True, f"Found CagTorch: {archive}", place=place, env=env)
    expect("a Python's LibTorch", "REQUIRED", True, f"Found CagTorch: {site}/torch", place=[],
           env={"PATH": f"{python.parent}:{os.environ['PATH']}"})

    moved = folder / "moved"
    shutil.copytree(prefix, moved)
    expect("a package moved elsewhere", "REQUIRED;COMPONENTS;data", True, f"headers in {moved}/include", package=moved)

    # The package of headers is made without any of the libraries, and may lack a component.
    bare = folder / "bare"
    for command in [[cmake, "-S", source, "-B", folder / "build", "-DCAG_PACKAGE_ONLY=ON", "-DCAG_DATA=OFF",
                     "-DCAG_TORCH_ROOT=/nowhere", f"-DCMAKE_CXX_COMPILER={compiler}"],
                    [cmake, "--install", folder / "build", "--prefix", bare]]:
        ended, output = run(*command)
        if not ended:
            sys.exit(output)
    for header in (bare / "include").rglob("*.hpp"):
        for name in re.findall(r"^#include <(cag/[^>]+)>", header.read_text(), re.MULTILINE):
            if not (bare / "include" / name).exists():
                failures += 1
                print(f"a package without components: {header} includes {name}, which it lacks")
    expect("a package without components", "REQUIRED;COMPONENTS;data", False,
           f"This package of cag {version} has no component data. Its components: none.", package=bare)
    expect("a package without components, for the operators for CUDA", "REQUIRED;COMPONENTS;kernels_cuda", False,
           f"has no component kernels_cuda. Its components: none. {made_with}", package=bare, place=nowhere)
    expect("the same, found out", "REQUIRED;OPTIONAL_COMPONENTS;kernels_cuda", True,
           "cag without kernels_cuda: ", "kernels_cuda FALSE", package=bare)
    expect("a package without components, for what it has", "REQUIRED", True, package=bare)

sys.exit(1 if failures else 0)
