"""Compiles and runs a program by what pkg-config says of the installed package, and of the package moved elsewhere.

usage: run.py PREFIX LIBDIR COMPILER SOURCE
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77

prefix, libdir, compiler, source = sys.argv[1:]
tool = shutil.which("pkg-config") or shutil.which("pkgconf")
if not tool:
    print("skipped: there is no pkg-config on this machine")
    sys.exit(SKIPPED)


def ask(place, *arguments):
    environment = os.environ | {"PKG_CONFIG_PATH": str(place / libdir / "pkgconfig")}
    answer = subprocess.run([tool, *arguments], env=environment, capture_output=True, text=True)
    if answer.returncode != 0:
        sys.exit(f"{tool} {' '.join(arguments)}: {answer.stderr}")
    return answer.stdout.split()


with tempfile.TemporaryDirectory() as folder:
    moved = pathlib.Path(folder) / "moved"
    shutil.copytree(prefix, moved)
    flags = ask(moved, "--cflags", "--libs", "cag")
    program = pathlib.Path(folder) / "program"
    subprocess.run([compiler, "-std=c++20", "-Wall", "-Wextra", source, *flags, "-o", program], check=True)
    subprocess.run([program], check=True)
    if any(prefix in flag for flag in flags):
        sys.exit(f"expected no path of {prefix} for the package in {moved}, got {flags}")

    elsewhere = ask(moved, "--define-variable=torch_root=/elsewhere", "--cflags", "--libs", "cag")
    for flag in ["/elsewhere/include", "-L/elsewhere/lib"]:
        if flag not in elsewhere:
            sys.exit(f"expected {flag} where torch_root is /elsewhere, got {elsewhere}")
    if (moved / libdir / "pkgconfig" / "cag-data.pc").exists() and "-lspng" not in ask(moved, "--libs", "cag-data"):
        sys.exit("expected cag-data to link libspng")
    if (moved / libdir / "pkgconfig" / "cag-score.pc").exists():
        flags = ask(moved, "--cflags", "--libs", "cag-score")
        scores = pathlib.Path(source).parent.parent / "kernels/score_c_test.c"
        # As C++: that the header is clean C is what the tests of the kernels hold.
        subprocess.run([compiler, "-std=c++20", "-Wall", "-Wextra", "-Werror", "-x", "c++", scores, "-x", "none", *flags,
                        f"-Wl,-rpath,{moved / libdir}", "-o", program], check=True)
        subprocess.run([program], check=True)
    version = ask(moved, "--modversion", "cag")
    subprocess.run([tool, "--exists", f"cag = {version[0]}"], check=True,
                   env=os.environ | {"PKG_CONFIG_PATH": str(moved / libdir / "pkgconfig")})
