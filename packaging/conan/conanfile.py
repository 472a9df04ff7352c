import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeToolchain
from conan.tools.files import copy, load, rmdir
from conan.tools.layout import basic_layout

required_conan_version = ">=2.0"


class CagConan(ConanFile):
    """The headers of this checkout. LibTorch is not a requirement: it is what the consumer's CAG_TORCH_ROOT names."""

    name = "cag"
    license = "MIT"
    description = "Category anchor-guided unsupervised domain adaptation for segmentation, over LibTorch"
    topics = ("domain-adaptation", "semantic-segmentation", "libtorch", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"with_data": [True, False]}
    default_options = {"with_data": True}
    no_copy_source = True

    @property
    def _root(self):
        return os.path.join(self.recipe_folder, "..", "..")

    def set_version(self):
        project = load(self, os.path.join(self._root, "CMakeLists.txt"))
        self.version = re.search(r"project\(cag VERSION ([0-9.]+)", project)[1]

    def export_sources(self):
        for pattern in ["include/*", "cmake/*", "CMakeLists.txt", "LICENSE", "THIRD_PARTY_NOTICES.md"]:
            copy(self, pattern, self._root, self.export_sources_folder)

    def layout(self):
        basic_layout(self)

    def requirements(self):
        self.requires("eigen/[>=3.4 <4]")
        self.requires("fmt/[>=9]", options={"header_only": True})
        if self.options.with_data:
            self.requires("libspng/[>=0.7]")
            self.requires("libjpeg-turbo/[>=2.1]", options={"turbojpeg": True})

    def validate(self):
        check_min_cppstd(self, 20)

    def package_id(self):
        # Headers are the same for every compiler; what the options change is which components there are.
        self.info.settings.clear()
        self.info.requires.clear()

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["CAG_PACKAGE_ONLY"] = True
        toolchain.cache_variables["CAG_DATA"] = bool(self.options.with_data)
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        copy(self, "THIRD_PARTY_NOTICES.md", self.source_folder, os.path.join(self.package_folder, "licenses"))
        rmdir(self, os.path.join(self.package_folder, "share"))
        rmdir(self, os.path.join(self.package_folder, "lib", "pkgconfig"))

    def package_info(self):
        # The package's own config is used: it finds LibTorch, and has the components.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = [os.path.join("lib", "cmake", "cag")]
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
