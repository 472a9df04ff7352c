# Takes the libraries that Debian 12 has in the place of ConanCenter's.
[settings]
os=Linux
arch=x86_64
build_type=Release
compiler=gcc
compiler.version=12
compiler.libcxx=libstdc++11
compiler.cppstd=20

[platform_requires]
eigen/3.4.0
fmt/9.1.0
libspng/0.7.3
libjpeg-turbo/2.1.5

[conf]
tools.cmake.cmaketoolchain:generator=Ninja
