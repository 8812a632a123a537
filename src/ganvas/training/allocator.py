"""How freed memory is kept on a CPU."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # glibc's malloc.h


@cache
def keep_freed_memory() -> None:
    """Let glibc reuse large blocks instead of handing each back to the system; elsewhere nothing happens.

    By default it maps every large block (32 MiB and more) afresh, and the kernel fills it with zeros, page by page: at
    common batch sizes that took up to half the CPU time of a step. The price: memory once used stays with the process.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, 2**30)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
