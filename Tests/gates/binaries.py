"""What the gates read from object files and libraries, through binutils."""

import pathlib
import re
import subprocess
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "build/lib/libdlrt.so.1"
STATIC_LIBRARY = ROOT / "build/lib/libdlrt.a"
HEADER = ROOT / "include/dlrt.h"
EMBEDDED = ROOT / ".build/embedded/release"
ORDINARY = ROOT / ".build/release/release"
# The modules that are compiled for more than the baseline, weakest first.
ISA_MODULES = ["KernelsAVX2", "KernelsAVX512"]
RUNTIME_MODULES = ["CPlatform", "KernelTypes", "Kernels", "DLGraph", "DLImage", "DLRuntime", "DLRT"]


def output(*command, **options):
    """Standard output of a command that must succeed."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


def compile_c(folder, text, *flags, name="sample"):
    """An object file (or with -shared a library) made from C, to show that a gate closes."""
    source, result = folder / f"{name}.c", folder / f"{name}.o"
    source.write_text(text)
    output("cc", "-O2", "-fPIC", *([] if "-shared" in flags else ["-c"]), "-o", result, source, *flags)
    return result


def objects(build, module):
    found = sorted((build / f"{module}.build").glob("*.o"))
    assert found, f"no objects of {module} in {build}: run make first"
    return found


@dataclass(frozen=True)
class Symbol:
    name: str
    kind: str  # nm's letter

    @property
    def is_weak_code(self):
        return self.kind == "W"


def symbols(path, *flags):
    rows = [line.split() for line in output("nm", *flags, path).splitlines()]
    return [Symbol(row[-1].split("@")[0], row[-2]) for row in rows if len(row) >= 2 and len(row[-2]) == 1]


def exported(path):
    return {s.name for s in symbols(path, "-D", "--defined-only") if s.kind not in "A"}


def declared_functions(header=HEADER):
    text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
    return set(re.findall(r"\b(dlrt_\w+)\s*\(", text))


def instructions(path):
    """(function, mnemonic, operands) of all code; the function is "" where no symbol precedes."""
    function = ""
    for line in output("objdump", "-d", "--no-show-raw-insn", path).splitlines():
        if head := re.match(r"[0-9a-f]+ <(.*)>:$", line):
            function = head[1]
        elif line.startswith("Disassembly of section"):
            function = ""
        elif "\t" in line:
            mnemonic, _, operands = line.split("\t", 1)[1].strip().partition(" ")
            yield function, mnemonic, operands.split("#")[0].strip()
