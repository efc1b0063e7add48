"""Ownership of the library's objects."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from ctypes import c_void_p
from typing import Any, NoReturn, TypeVar

Destroy = Callable[[c_void_p], None]
Self = TypeVar("Self", bound="Handle")


def _release(destroy: Destroy, pointer: c_void_p, keep: tuple[object, ...]) -> None:
    destroy(pointer)


class Handle:
    """Owns one object of the library; a context manager.

    The object is destroyed by close(), by the end of a `with` block, or when Python collects the handle, in any order
    with other handles: the library counts its own references. At the exit of the interpreter nothing is destroyed,
    since a daemon thread may still be inside a run; the system takes the memory back.
    """

    def __init__(self, pointer: c_void_p, destroy: Destroy, *keep: object) -> None:
        """keep: Python objects whose memory the library reads until the object is destroyed."""
        self._pointer: c_void_p | None = pointer
        self._lock = threading.Lock()
        self._finalizer = weakref.finalize(self, _release, destroy, pointer, keep)
        self._finalizer.atexit = False

    def close(self) -> None:
        """Destroys the object, after a call of another thread that is using it. Closing twice does nothing."""
        with self._lock:
            self._pointer = None
            self._finalizer()

    @property
    def closed(self) -> bool:
        return self._pointer is None

    def _open_pointer(self) -> c_void_p:
        """The pointer for a call; the lock must be held until that call returns."""
        if self._pointer is None:
            raise ValueError(f"this {type(self).__name__} is closed")
        return self._pointer

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *exception: Any) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a dlrt.{type(self).__name__} cannot be copied or pickled")
