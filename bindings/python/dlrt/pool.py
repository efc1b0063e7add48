"""Threads that sessions share."""

from __future__ import annotations

from ctypes import byref, c_void_p

from ._handle import Handle
from ._library import check, library, size_t


class Pool(Handle):
    """Threads for several sessions: `model.session(pool=pool)`. They sleep when there is nothing to do.

    threads: how many work on a run, the calling one included; 0: one for each CPU that this process may use.
    """

    def __init__(self, threads: int = 0) -> None:
        pointer = c_void_p()
        check(library.dlrt_pool_create(size_t("threads", threads), byref(pointer)))
        super().__init__(pointer, library.dlrt_pool_destroy)
        self.threads = threads

    def __repr__(self) -> str:
        return f"<dlrt.Pool threads={self.threads or 'one for each CPU'}{' closed' if self.closed else ''}>"
