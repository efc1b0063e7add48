"""The exceptions: one for each status of dlrt.h, each also a built-in exception where one says the same."""

from __future__ import annotations


class Error(Exception):
    """What went wrong, in the library's words. `status` is the number of the dlrt_status."""

    status = 0

    def __str__(self) -> str:  # KeyError and OSError would show the message in ways of their own
        return str(self.args[0]) if self.args else type(self).__name__


class InvalidArgumentError(Error, ValueError):
    status = 10


class OutOfRangeError(Error, IndexError):
    status = 11


class TypeMismatchError(Error, TypeError):
    """An array's dtype differs from the model's."""

    status = 12


class ShapeMismatchError(Error, ValueError):
    status = 13


class NotReadyError(Error, RuntimeError):
    """A run without every input, or an output read before the first run."""

    status = 14


class NotFoundError(Error, KeyError):
    """No input, output or metadata of that name."""

    status = 20


class FileError(Error, OSError):
    """A file cannot be opened, read or mapped."""

    status = 30


class InvalidModelError(Error, ValueError):
    """Not a .dlrt file, or a damaged or inconsistent one."""

    status = 40


class UnsupportedError(Error, NotImplementedError):
    """A well-formed model that this build of the library cannot run."""

    status = 41


class InvalidImageError(Error, ValueError):
    """Not a JPEG, or a damaged one."""

    status = 50


class OutOfMemoryError(Error, MemoryError):
    status = 60


class MemoryLimitError(Error, MemoryError):
    """The memory_limit given to load() or session() would be passed."""

    status = 61


class InternalError(Error, RuntimeError):
    """A defect of the library: please report it."""

    status = 90


_of_status = {kind.status: kind for kind in Error.__subclasses__()}


def error(status: int, message: str) -> Error:
    """The exception for a status; numbers that later versions of the library add give a plain Error."""
    made = _of_status.get(status, Error)(message)
    made.status = status
    return made
