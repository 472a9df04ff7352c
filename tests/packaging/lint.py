"""Checks what package managers and citation tools read of cag, and runs it as far as this machine can.

usage: lint.py vcpkg|conan|citation SOURCE_DIR VERSION TORCH_ROOT CMAKE

vcpkg      the manifest by its documented rules; the portfile with stand-ins of vcpkg's functions, and a project that
           finds what it made. vcpkg itself is not run.
conan      `conan create` with the system's libraries in the place of ConanCenter's; skipped where there is no conan.
citation   versions agree; CITATION.cff by its schema, where there is cffconvert.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77

what, source, version, torch, cmake = sys.argv[1:]
source = pathlib.Path(source)


def expect(holds, text):
    if not holds:
        sys.exit(f"expected {text}")


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def run(*command, **options):
    print("+", *command, flush=True)
    subprocess.run([str(part) for part in command], check=True, **options)


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def check_manifest(path):
    """The rules of learn.microsoft.com/vcpkg/reference/vcpkg-json for what a port's manifest has."""
    fields = {"name", "version", "version-semver", "version-date", "version-string", "port-version", "maintainers",
              "summary", "description", "homepage", "documentation", "license", "supports", "dependencies",
              "default-features", "features"}
    identifier = re.compile(r"(?!^(?:con|prn|aux|nul|core|default|com[1-9]|lpt[1-9])$)[a-z0-9]+(?:-[a-z0-9]+)*")
    manifest = json.loads(path.read_text())

    def check_dependencies(dependencies):
        for dependency in dependencies:
            name = dependency if isinstance(dependency, str) else dependency["name"]
            expect(identifier.fullmatch(name), f"a port's name, got {name!r}")
            expect(isinstance(dependency, str)
                   or dependency.keys() <= {"name", "host", "features", "default-features", "platform", "version>="},
                   f"fields that a dependency has, got {dependency}")

    expect(manifest.keys() <= fields, f"fields that a manifest has, got {sorted(manifest.keys() - fields)}")
    expect({"name", "description"} <= manifest.keys(), "the fields name and description")
    expect(identifier.fullmatch(manifest["name"]) and manifest["name"] == path.parent.name,
           "the folder's name as the port's")
    expect(sum(field.startswith("version") for field in manifest) == 1, "one field with the version")
    expect(re.fullmatch(r"\d+(\.\d+)*", manifest["version"]) and manifest["version"] == version, f"version {version}")
    check_dependencies(manifest["dependencies"])
    for name, feature in manifest["features"].items():
        expect(identifier.fullmatch(name) and feature["description"], f"a name and a description of {name!r}")
        expect(feature.keys() <= {"description", "dependencies", "supports"}, f"a feature's fields, got {feature}")
        check_dependencies(feature["dependencies"])
    expect(set(manifest["default-features"]) <= manifest["features"].keys(), "default features that there are")
    return manifest


def vcpkg():
    port = source / "packaging/vcpkg/cag"
    manifest = check_manifest(port / "vcpkg.json")
    portfile = (port / "portfile.cmake").read_text()
    helpers = {dependency["name"] for dependency in manifest["dependencies"] if isinstance(dependency, dict)}
    expect(helpers == {"vcpkg-cmake", "vcpkg-cmake-config"} and "vcpkg_cmake_config_fixup(" in portfile,
           "the ports of the functions that the portfile calls")
    for features in ["data", ""]:
        with tempfile.TemporaryDirectory() as folder:
            packages, build = pathlib.Path(folder) / "packages", pathlib.Path(folder) / "build"
            run(cmake, f"-DPORT_DIR={port}", f"-DCURRENT_PACKAGES_DIR={packages}", f"-DBUILD_DIR={build}",
                f"-DFEATURES={features}", "-P", source / "tests/packaging/vcpkg.cmake")
            made = files_below(packages)
            for name in ["share/cag/copyright", "share/cag/usage", "share/cag/cag-config.cmake", "include/cag/cag.hpp"]:
                expect(name in made, f"the port to make {name}, it made {made}")
            expect(not any(name.startswith(("debug/", "lib/cmake/", "share/doc/")) for name in made),
                   "no debug/, lib/cmake/ nor share/doc/ in the port")
            expect(("share/cag/cag-data-targets.cmake" in made) == bool(features),
                   "cag::data with the feature data alone")
            run(cmake, "-S", source / "tests/consumers/package", "-B", pathlib.Path(folder) / "consumer",
                f"-DCMAKE_PREFIX_PATH={packages}", f"-DCAG_TORCH_ROOT={torch}",
                f"-DASK=REQUIRED;COMPONENTS;{features}" if features else "-DASK=REQUIRED")


def conan():
    tool = shutil.which("conan")
    if not tool:
        skip("there is no conan on this machine")
    packages = ["libeigen3-dev", "libfmt-dev", "libspng-dev", "libturbojpeg0-dev"]
    if subprocess.run(["sh", "-c", f"dpkg-query -W {' '.join(packages)}"], capture_output=True).returncode != 0:
        skip("the system has no packages of Eigen, fmt, libspng and libjpeg-turbo, which would stand in for ConanCenter's")
    with tempfile.TemporaryDirectory() as folder:
        # A copy: conan leaves presets beside the package's test.
        copy = pathlib.Path(folder) / "cag"
        for name in ["include", "cmake", "packaging", "tests/consumers"]:
            shutil.copytree(source / name, copy / name)
        for name in ["CMakeLists.txt", "LICENSE", "THIRD_PARTY_NOTICES.md"]:
            shutil.copy(source / name, copy)
        environment = os.environ | {"CONAN_HOME": f"{folder}/conan", "CAG_TORCH_ROOT": torch}
        for options in [["-o", "cag/*:with_data=True"], ["-o", "cag/*:with_data=False"]]:
            run(tool, "create", copy / "packaging/conan", "--no-remote",
                "--profile:all", copy / "packaging/conan/system.profile", *options, env=environment)


def citation():
    text = (source / "CITATION.cff").read_text()
    expect(re.search(rf"^version: {re.escape(version)}$", text, re.MULTILINE), f"version {version} in CITATION.cff")
    notices = (source / "THIRD_PARTY_NOTICES.md").read_text().lower()
    for name in ["LibTorch", "Eigen", "fmt", "libspng", "libjpeg-turbo", "OpenCV", "Catch2", "CLI11", "toml++", "nlohmann-json", "Embree", "stb"]:
        expect(name.lower() in notices, f"{name} in THIRD_PARTY_NOTICES.md")
    tool = shutil.which("cffconvert")
    if not tool:
        skip("there is no cffconvert on this machine, which has the schema of CITATION.cff")
    run(tool, "--validate", "-i", source / "CITATION.cff")


{"vcpkg": vcpkg, "conan": conan, "citation": citation}[what]()
