"""Unpacked bytes to be read at random without holding them in memory."""

from __future__ import annotations

import mmap
import shutil
import tempfile
from typing import IO

from ganvas.files import cache_folder


def spooled(*streams: IO[bytes]) -> mmap.mmap | bytes:
    """All that is left in the streams, one behind the other, as a read-only map of a nameless temporary file.

    The file lies beside the cache and goes with the last user of the map. Where none can be written, the bytes are
    kept in memory.
    """
    starts = [stream.tell() for stream in streams]
    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=cache_folder()) as file:
            for stream in streams:
                shutil.copyfileobj(stream, file, 1 << 20)
            file.flush()
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):  # nowhere to write, or nothing to map
        for stream, start in zip(streams, starts, strict=True):
            stream.seek(start)
        return b"".join(stream.read() for stream in streams)
