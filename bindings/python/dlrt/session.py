"""Sessions: running a model."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from ctypes import byref, c_size_t, c_void_p, sizeof
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ._handle import Handle
from ._library import ClassStruct, ProfileEntryStruct, SessionOptions, TensorStruct, check, count, library, size_t, text
from .errors import InvalidArgumentError, NotFoundError, OutOfRangeError, ShapeMismatchError
from .pool import Pool
from .tensors import TensorInfo, address, copy_of_memory, dims, input_array, require_output_array

if TYPE_CHECKING:
    from .model import Model

Jpeg = bytes | bytearray | memoryview | str | os.PathLike[str]
Outputs = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Prediction:
    """One of the best scores of a run."""

    index: int
    score: float
    label: str | None
    """None when the model has no label for the index."""


@dataclass(frozen=True)
class ProfileEntry:
    """What one node took in a run."""

    node: str
    """Name of the node, or of the tensor for what the library adds."""
    op: str
    """The operation; "layout" and "copy" where the library moves a tensor."""
    kernel: str
    """What computed it."""
    start: int
    """When it began: nanoseconds from the start of the run."""
    nanoseconds: int
    """How long it took."""
    flops: float
    """2 for each multiply-add of the operation's definition; 0 for an operation without them."""
    bytes: int
    """Of the inputs, weights and output, as if each were moved once."""
    threads: int
    """For how many threads the work was cut."""


class Session(Handle):
    """Inputs, memory and outputs of one run at a time of a model. Made by Model.session().

    Threads may share a session: a call waits for the one before it. The interpreter runs other threads meanwhile.
    """

    def __init__(self, model: Model, threads: int, pool: Pool | None, memory_limit: int) -> None:
        if pool is not None and not isinstance(pool, Pool):
            raise TypeError(f"pool: expected a dlrt.Pool, got {type(pool).__name__}")
        options = SessionOptions(
            sizeof(SessionOptions), size_t("threads", threads), None, size_t("memory_limit", memory_limit)
        )
        pointer = c_void_p()
        with model._lock:
            model_pointer = model._open_pointer()
            if pool is None:
                check(library.dlrt_session_create(model_pointer, options, byref(pointer)))
            else:
                with pool._lock:
                    options.pool = pool._open_pointer()
                    check(library.dlrt_session_create(model_pointer, options, byref(pointer)))
        self._profiling = False
        # The arrays the library reads and writes in place, by index.
        self._inputs: dict[int, NDArray[Any]] = {}
        self._outputs: dict[int, NDArray[Any]] = {}
        super().__init__(pointer, library.dlrt_session_destroy, self._inputs, self._outputs)
        self.model = model

    def run(self, *inputs: object, out: Mapping[str, NDArray[Any]] | None = None) -> Outputs:
        """Computes the outputs, by name, from arrays in the model's order or from one mapping of names to arrays.

        A C-contiguous array is read in place: the session holds on to it until the next run, and it must not change
        during this one. Other layouts are copied. A wrong dtype is a TypeMismatchError; lists are converted.
        The outputs are new arrays, the caller's own, except those in `out`: these are written in place and returned,
        and the session holds on to them until the next run. They must not overlap the inputs.
        Raises TypeMismatchError, ShapeMismatchError, InvalidArgumentError, NotFoundError, OutOfMemoryError,
        MemoryLimitError.
        """
        arrays = self._arrays(inputs)
        targets = self._targets(out)
        with self._lock:
            pointer = self._open_pointer()
            for index, array in enumerate(arrays):
                self._bind_input(pointer, index, array)
            return self._compute(pointer, targets)

    def run_jpeg(self, jpeg: Jpeg, input: int | str = 0, out: Mapping[str, NDArray[Any]] | None = None) -> Outputs:
        """Runs on a JPEG, given by its path or its content, prepared as the model's metadata say: upright, resized,
        cropped, normalised.

        input: which input takes the image, by index or name; others keep the arrays of the last run().
        out: as for run(). Raises also InvalidImageError, NotFoundError (the model says nothing of images), OSError.
        """
        if isinstance(jpeg, (bytes, bytearray, memoryview)):
            content = bytes(jpeg)
        else:
            content = Path(jpeg).read_bytes()
        index = _index("input", self.model.inputs, input)
        targets = self._targets(out)
        with self._lock:
            pointer = self._open_pointer()
            check(library.dlrt_session_set_input_jpeg(pointer, index, content, len(content)))
            self._inputs.pop(index, None)
            return self._compute(pointer, targets)

    def top_k(self, k: int = 5, output: int | str = 0) -> list[Prediction]:
        """The k largest scores of an output of the last run, the largest first; fewer if the output has fewer.

        The output must be float32 with one row of scores. Raises NotReadyError, ShapeMismatchError, TypeMismatchError.
        """
        k = size_t("k", k)
        index = _index("output", self.model.outputs, output)
        with self._lock:
            pointer = self._open_pointer()
            scores = self._tensor(pointer, index).size // 4
            best = (ClassStruct * max(1, min(k, scores)))()
            written = c_size_t()
            check(library.dlrt_session_top_k(pointer, index, min(k, scores), best, byref(written)))
            return [
                Prediction(one.index, one.score, None if one.label is None else text(one.label))
                for one in best[: written.value]
            ]

    @property
    def profiling(self) -> bool:
        """Whether runs measure each node, for profile(). False at first; set it."""
        return self._profiling

    @profiling.setter
    def profiling(self, on: bool) -> None:
        with self._lock:
            check(library.dlrt_session_set_profiling(self._open_pointer(), bool(on)))
            self._profiling = bool(on)

    def profile(self) -> list[ProfileEntry]:
        """What each node took in the last run, in the order they ran in.

        Raises NotReadyError when there was no run with profiling on.
        """
        with self._lock:
            pointer = self._open_pointer()
            entry = ProfileEntryStruct(sizeof(ProfileEntryStruct))
            entries = []
            for index in range(count(library.dlrt_session_profile_count, pointer)):
                check(library.dlrt_session_profile_entry(pointer, index, byref(entry)))
                entries.append(
                    ProfileEntry(
                        text(entry.node), text(entry.op), text(entry.kernel), entry.start, entry.nanoseconds,
                        entry.flops, entry.bytes, entry.threads,
                    )  # fmt: skip
                )
            return entries

    @property
    def memory(self) -> int:
        """Bytes of tensor memory that the session holds now."""
        with self._lock:
            return count(library.dlrt_session_memory, self._open_pointer())

    def close(self) -> None:
        """Frees the session, after a run of another thread that is under way. Closing twice does nothing."""
        super().close()
        self._inputs.clear()
        self._outputs.clear()

    def __repr__(self) -> str:
        return f"<dlrt.Session of {self.model!r}{' closed' if self.closed else ''}>"

    def _arrays(self, inputs: Sequence[object]) -> list[NDArray[Any]]:
        expected = self.model.inputs
        if len(inputs) == 1 and isinstance(inputs[0], Mapping):
            inputs = _in_order(expected, inputs[0])
        elif len(inputs) != len(expected):
            names = _quoted(info.name for info in expected)
            raise InvalidArgumentError(f"run: expected {len(expected)} arrays ({names}), got {len(inputs)}")
        return [input_array(info, value) for info, value in zip(expected, inputs, strict=False)]

    def _targets(self, out: Mapping[str, NDArray[Any]] | None) -> dict[int, NDArray[Any]]:
        targets: dict[int, NDArray[Any]] = {}
        if out is None:
            return targets
        if not isinstance(out, Mapping):
            raise TypeError(f"out: expected a mapping of names to arrays, got {type(out).__name__}")
        for name, array in out.items():
            index = _index("output", self.model.outputs, name)
            targets[index] = require_output_array(self.model.outputs[index], array)
        return targets

    def _bind_input(self, pointer: c_void_p, index: int, array: NDArray[Any]) -> None:
        dtype = self.model._input_types[index]
        shape = dims(array.shape)
        check(library.dlrt_session_bind_input(pointer, index, dtype, shape, array.ndim, address(array), array.nbytes))
        self._inputs[index] = array  # only now may the array bound before go

    def _compute(self, pointer: c_void_p, targets: dict[int, NDArray[Any]]) -> Outputs:
        for index in [index for index in self._outputs if index not in targets]:
            check(library.dlrt_session_bind_output(pointer, index, None, 0))
            del self._outputs[index]
        for index, array in targets.items():
            check(library.dlrt_session_bind_output(pointer, index, address(array), array.nbytes))
            self._outputs[index] = array
        check(library.dlrt_session_run(pointer))
        return {
            info.name: self._output(pointer, index, targets.get(index)) for index, info in enumerate(self.model.outputs)
        }

    def _output(self, pointer: c_void_p, index: int, target: NDArray[Any] | None) -> NDArray[Any]:
        tensor = self._tensor(pointer, index)
        shape = tuple(tensor.dims[: tensor.rank])
        info = self.model.outputs[index]
        if target is None:
            return copy_of_memory(tensor.data, tensor.size, shape, info.dtype)
        if target.shape != shape:
            raise ShapeMismatchError(f"out '{info.name}': expected shape {shape}, got {target.shape}")
        return target

    def _tensor(self, pointer: c_void_p, index: int) -> TensorStruct:
        tensor = TensorStruct()
        check(library.dlrt_session_output(pointer, index, byref(tensor)))
        return tensor


def _in_order(expected: Sequence[TensorInfo], named: Mapping[str, object]) -> list[object]:
    missing = [info.name for info in expected if info.name not in named]
    if missing:
        raise InvalidArgumentError(f"run: no array for input {_quoted(missing)}, got {_quoted(named) or 'none'}")
    if len(named) > len(expected):
        for name in named:
            _index("input", expected, name)
    return [named[info.name] for info in expected]


def _index(kind: str, tensors: Sequence[TensorInfo], which: int | str) -> int:
    """The index of an input or output given by index or name."""
    if isinstance(which, str):
        for index, info in enumerate(tensors):
            if info.name == which:
                return index
        raise NotFoundError(f"no {kind} named '{which}'; the model has {_quoted(info.name for info in tensors)}")
    if not 0 <= which < len(tensors):
        raise OutOfRangeError(f"{kind} {which} does not exist; the model has {len(tensors)}")
    return which


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
