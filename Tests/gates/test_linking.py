"""What libdlrt.so asks of the system that loads it."""

import re

import pytest
from binaries import LIBRARY, STATIC_LIBRARY, compile_c, output, symbols

NEEDED = re.compile(r"(libc\.so\.6|libm\.so\.6|libjpeg\.so\.\d+|ld-linux-[\w-]+\.so\.\d+)$")
MOST_BYTES = 1_000_000
# Software replacements of one instruction: kernels that call them would crawl.
SLOW_CALLS = {"fma", "fmaf"}


def faults(path):
    found = []
    dynamic = output("readelf", "-dW", path)
    found += [f"needs {name}" for name in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic) if not NEEDED.match(name)]
    if re.findall(r"\(SONAME\).*\[(.*)\]", dynamic) != ["libdlrt.so.1"]:
        found.append("soname")
    if re.search(r"\(TEXTREL\)|\bTEXTREL\b", dynamic):
        found.append("text relocations")
    if re.search(r"\((RPATH|RUNPATH)\)", dynamic):
        found.append("run path")
    if not re.search(r"GNU_STACK\s.*\sRW\s", output("readelf", "-lW", path)):
        found.append("executable stack")
    if re.search(r"\]\s+\.(symtab|debug_info)\s", output("readelf", "-SW", path)):
        found.append("not stripped")
    found += [f"calls {s.name}" for s in symbols(path, "-D", "--undefined-only") if s.name in SLOW_CALLS]
    if path.stat().st_size > MOST_BYTES:
        found.append(f"{path.stat().st_size} bytes, at most {MOST_BYTES}")
    return found


def test_shared_library():
    assert faults(LIBRARY) == []


def test_static_library_is_one_object():
    assert len(output("ar", "t", STATIC_LIBRARY).split()) == 1
    undefined = {s.name for s in symbols(STATIC_LIBRARY, "--undefined-only")}
    assert not undefined & SLOW_CALLS
    assert not [name for name in undefined if name.startswith(("swift_", "$s", "_swift_"))]


@pytest.mark.parametrize("text, flags, fault", [
    ("int x;", [], "soname"),
    ("int x;", [], "not stripped"),
    ("int x;", ["-Wl,--no-as-needed", "-l:libz.so.1"], "needs libz.so.1"),
    ("int x;", ["-Wl,-rpath=."], "run path"),
    ("int x;", ["-z", "execstack"], "executable stack"),
    ("int x; __asm__(\".text\\n.quad x\");", ["-Wl,-z,notext"], "text relocations"),
    ("float f(float x) { return __builtin_fmaf(x, x, x); }", ["-lm"], "calls fmaf"),
    ("char x[1100000] = {1};", [], "bytes, at most"),
])
def test_gate_closes(tmp_path, text, flags, fault):
    assert any(fault in found for found in faults(compile_c(tmp_path, text, "-shared", *flags)))
