"""Exceptions, and what they say."""

import re

import dlrt
import numpy as np
import pytest
from conftest import ROOT
from dlrt import _library, errors


def statuses_of_the_header():
    header = (ROOT / "include/dlrt.h").read_text()
    found = {name: int(number) for name, number in re.findall(r"^  DLRT_([A-Z_]+) = (\d+)[,\s].*/\*", header, re.M)}
    assert len(found) == 13
    return found


def test_a_class_for_each_status():
    assert {kind.status for kind in errors.Error.__subclasses__()} == set(statuses_of_the_header().values())
    for number in statuses_of_the_header().values():
        made = errors.error(number, "it's so")
        assert type(made) is not dlrt.Error and made.status == number and str(made) == "it's so"
        assert getattr(dlrt, type(made).__name__) is type(made)


def test_statuses_of_a_later_library():
    made = errors.error(99, "new")
    assert type(made) is dlrt.Error and made.status == 99


def test_each_function_is_declared_as_in_the_header():
    header = (ROOT / "include/dlrt.h").read_text()
    header = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
    declared = {name: len(arguments.split(",")) for name, arguments in re.findall(r"(dlrt_\w+)\(([^)]*)\);", header)}
    for name, arguments in _library._FALLIBLE.items():
        assert declared[name] == len(arguments), name
    assert f"#define DLRT_ABI_VERSION {_library.ABI_VERSION}\n" in header
    assert f"#define DLRT_MAX_RANK {_library.MAX_RANK}\n" in header


def test_messages_name_what_is_wrong(session):
    with pytest.raises(dlrt.ShapeMismatchError, match="image.*28.*29"):
        session.run(np.zeros((1, 1, 28, 29), np.float32))
    with pytest.raises(dlrt.TypeMismatchError, match="image.*float32.*float64.*astype"):
        session.run(np.zeros((1, 1, 28, 28)))


def test_they_are_pickled():
    import pickle

    for kind in errors.Error.__subclasses__():
        copy = pickle.loads(pickle.dumps(kind("message")))
        assert type(copy) is kind and str(copy) == "message" and copy.status == kind.status


def test_every_exported_name_is_there():
    modules = {"errors", "model", "pool", "session", "tensors"}
    public = {name for name in vars(dlrt) if not name.startswith("_")} - modules
    assert public | {"__version__"} == set(dlrt.__all__)
