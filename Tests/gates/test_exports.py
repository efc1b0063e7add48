"""The library shows exactly the functions that dlrt.h declares."""

import pytest
from binaries import HEADER, LIBRARY, STATIC_LIBRARY, compile_c, declared_functions, exported, symbols


def faults(found, declared):
    return sorted(f"not exported: {name}" for name in declared - found) + sorted(
        f"exported, but not in dlrt.h: {name}" for name in found - declared)


def test_shared_library():
    assert faults(exported(LIBRARY), declared_functions()) == []


def test_static_library():
    visible = {s.name for s in symbols(STATIC_LIBRARY, "--defined-only", "--extern-only")}
    assert faults(visible, declared_functions()) == []


def test_header_is_read_whole():
    declared = declared_functions()
    assert {"dlrt_version", "dlrt_session_set_input", "dlrt_session_top_k"} <= declared
    assert "dlrt_status" not in declared, HEADER


@pytest.mark.parametrize("text, fault", [
    ("int dlrt_version(void){return 0;} int swift_retain(void){return 0;}", "exported, but not in dlrt.h: swift_retain"),
    ("int dlrt_extra(void){return 0;}", "not exported: dlrt_version"),
])
def test_gate_closes(tmp_path, text, fault):
    assert fault in faults(exported(compile_c(tmp_path, text, "-shared")), {"dlrt_version"})
