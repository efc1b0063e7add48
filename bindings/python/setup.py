"""Puts libdlrt.so.1 into the wheel, which then fits any Python 3 of this platform: py3-none-<platform>.

The library is the file DLRT_LIBRARY names, or build/lib/libdlrt.so.1 of the source tree (made by `make`).
"""

import os
import shutil
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py
from setuptools.errors import SetupError

LIBRARY = "libdlrt.so.1"
here = Path(__file__).resolve().parent


def find_library() -> Path:
    named = os.environ.get("DLRT_LIBRARY")
    path = Path(named) if named else here.parent.parent / "build" / "lib" / LIBRARY
    if not path.is_file():
        raise SetupError(
            f"no library at {path}: run `make` at the top of the source tree first, "
            f"or set DLRT_LIBRARY to the path of {LIBRARY}"
        )
    return path


class BuildWithLibrary(build_py):
    def run(self) -> None:
        library = find_library()
        super().run()
        shutil.copyfile(library, Path(self.build_lib) / "dlrt" / LIBRARY)


class PlatformWheel(bdist_wheel):
    def get_tag(self):
        return "py3", "none", super().get_tag()[2]


class PlatformDistribution(Distribution):
    def has_ext_modules(self) -> bool:
        return True  # the library is of one platform, though no extension module is compiled


setup(cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": PlatformWheel}, distclass=PlatformDistribution)
