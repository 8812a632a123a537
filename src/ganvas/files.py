"""Writing files whole or not at all: beside the target first, then renamed over it. And where ganvas keeps its own."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ganvas.errors import GanvasError

FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a path beside ``path`` to write to; on success it takes the target's place, on failure it is removed.

    Raises:
        GanvasError: the disk is full or the place cannot be written; what stood at ``path`` is untouched.
    """
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        with beside.open("rb") as written:
            os.fsync(written.fileno())  # a rename must not overtake its bytes when the machine dies
        beside.replace(path)
    except OSError as error:
        remedy = "free space or choose another place" if error.errno in FULL else "choose another place"
        raise GanvasError(f"cannot write {path}: {error.strerror or error}; {remedy}") from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def write_whole(path: Path, write: Callable[[Path], Any]) -> None:
    """``write(beside)`` then rename; see `replacing`."""
    with replacing(path) as beside:
        write(beside)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text whole or not at all."""
    write_whole(path, lambda beside: beside.write_text(text, encoding="utf-8"))


def cache_folder() -> Path:
    """``$GANVAS_CACHE``, or ``~/.cache/ganvas``. It need not exist; deleting it is always safe."""
    chosen = os.environ.get("GANVAS_CACHE")
    return Path(chosen).expanduser() if chosen else Path.home() / ".cache" / "ganvas"


def make_folder(folder: Path) -> None:
    """Make the folder for results, before any work is done for them.

    Raises:
        GanvasError: none can be made there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = f"no folder can be made there ({error.strerror})"
        raise GanvasError(f"cannot write {folder}: {why}; choose another --out") from error
