"""Code for newer processors stays in the modules that are chosen after asking the processor.

The ISA modules may use what they were compiled for. All else runs on any x86-64, so no other object may hold an AVX or BMI
instruction, and no function that such an object shares by name with an ISA module (a weak copy of swift_retain, a
specialised generic) may be that module's in the linked library.
"""

import platform
import re

import pytest
from binaries import (EMBEDDED, ISA_MODULES, ORDINARY, RUNTIME_MODULES, compile_c, instructions, objects, symbols)

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="x86-64 only")

# Every AVX instruction's name begins with v, and of the others only these do.
NOT_VECTOR = {"verr", "verw", "vmcall", "vmfunc", "vmlaunch", "vmresume"}
# BMI and others. Not tzcnt: compilers write it for bsf, which it is on older processors.
BIT = re.compile(r"(andn|bextr|blsi|blsr|blsmsk|bzhi|mulx|pdep|pext|rorx|sarx|shlx|shrx|lzcnt|popcnt|movbe)[wlq]?$")
AVX512_REGISTER = re.compile(r"%zmm|%k[0-7]\b|%[xy]mm(1[6-9]|2\d|3[01])\b")


def level(mnemonic, operands):
    """0: any x86-64; 1: AVX2 and its companions; 2: AVX-512."""
    if AVX512_REGISTER.search(operands):
        return 2
    if (mnemonic.startswith("v") and mnemonic not in NOT_VECTOR) or BIT.match(mnemonic):
        return 1
    return 0


def levels(path):
    """The highest level of each function."""
    found = {}
    for function, mnemonic, operands in instructions(path):
        found[function] = max(found.get(function, 0), level(mnemonic, operands))
    return found


def mangled(module):
    return f"{len(module)}{module}"


def leaks(library, baseline_objects, isa_objects):
    """isa_objects: for each ISA module, weakest first, its name and objects."""
    faults = []
    mentioned = set()
    for path in baseline_objects:
        faults += [f"{path.parent.name}: {f or 'unnamed code'}" for f, high in levels(path).items() if high > 0]
        mentioned |= {s.name for s in symbols(path)}
    allowed = [set(mentioned)]  # names that must not be above level 0, and for each ISA module those not above it
    for _, paths in isa_objects:
        allowed.append({s.name for path in paths for s in symbols(path)} - mentioned)
    for function, high in levels(library).items():
        if high == 0:
            continue
        own = next((i + 1 for i, (module, _) in enumerate(isa_objects) if mangled(module) in function), None)
        if own is None:  # a name of no module: the weakest object that mentions it counts
            own = next((i for i, names in enumerate(allowed) if function in names), 0)
        if high > own:
            faults.append(f"{library.name}: {function or 'unnamed code'}")
    return faults


def test_library():
    baseline = [path for module in RUNTIME_MODULES for path in objects(EMBEDDED, module)]
    isa = [(module, objects(EMBEDDED, module)) for module in ISA_MODULES]
    assert leaks(EMBEDDED / "libdlrt.so", baseline, isa) == []


def test_static_library():
    baseline = [path for module in RUNTIME_MODULES for path in objects(EMBEDDED, module)]
    isa = [(module, objects(EMBEDDED, module)) for module in ISA_MODULES]
    assert leaks(EMBEDDED.parents[2] / "build/dlrt.o", baseline, isa) == []


@pytest.mark.parametrize("module", ISA_MODULES)
def test_isa_modules_are_what_they_say(module):
    """An ISA module without a single instruction of its ISA would mean that its flags were lost."""
    highest = max(high for path in objects(EMBEDDED, module) for high in levels(path).values())
    assert highest == ISA_MODULES.index(module) + 1


def shared_weak_code(module, own, others):
    """Weak code that another module could also hold: all that is not the module's own function, or that another names."""
    elsewhere = {s.name for path in others for s in symbols(path)}
    weak = [s.name for path in own for s in symbols(path, "--defined-only") if s.is_weak_code]
    return [name for name in weak if not name.startswith("$s" + mangled(module)) or name in elsewhere]


@pytest.mark.parametrize("module", ISA_MODULES)
def test_ordinary_objects_share_no_weak_code(module):
    others = [path for path in ORDINARY.glob("*.build/*.o") if path.parent.name != f"{module}.build"]
    assert shared_weak_code(module, objects(ORDINARY, module), others) == []


SUM = "float %s(const float *x) { float s = 0; for (int i = 0; i < 64; i++) s += x[i]; return s; }"
KERNEL = "float _13KernelsAVX512sum(const float *x) { float s = 0; for (int i = 0; i < 64; i++) s += x[i]; return s; }"
FLAGS = ["-O3", "-ffast-math"]


def sample(folder, baseline_text, baseline_flags, isa_text, order):
    folder.mkdir()
    baseline = compile_c(folder, baseline_text, *FLAGS, *baseline_flags, name="baseline")
    isa = compile_c(folder, isa_text, *FLAGS, "-march=x86-64-v4", "-mprefer-vector-width=512", name="isa")
    pair = {"baseline": baseline, "isa": isa}
    library = compile_c(folder, "", "-shared", *[pair[name] for name in order], name="library")
    return leaks(library, [baseline], [("KernelsAVX2", []), ("KernelsAVX512", [isa])])


def test_gate_opens_for_kernels_and_closes_for_others(tmp_path):
    weak = "__attribute__((weak, noinline)) " + SUM % "swift_retain"
    good = ["baseline", "isa"]
    assert sample(tmp_path / "good", weak, [], KERNEL + weak, good) == []
    assert sample(tmp_path / "flags", weak, ["-march=x86-64-v3"], KERNEL, good) != []
    assert sample(tmp_path / "order", weak, [], KERNEL + weak, good[::-1]) == ["library.o: swift_retain"]
    assert sample(tmp_path / "name", SUM % "f", [], KERNEL.replace("13KernelsAVX512", "11KernelsAVX2"), good) != []


def test_weak_code_is_seen(tmp_path):
    text = "__attribute__((weak)) void f(void) {} __attribute__((weak)) void own(void) __asm__(\"$s11KernelsAVX2own\"); void own(void) {}"
    own = compile_c(tmp_path, text, name="own")
    other = compile_c(tmp_path, "void own(void) __asm__(\"$s11KernelsAVX2own\"); void (*g)(void) = own;", name="other")
    assert shared_weak_code("KernelsAVX2", [own], []) == ["f"]
    assert sorted(shared_weak_code("KernelsAVX2", [own], [other])) == ["$s11KernelsAVX2own", "f"]
