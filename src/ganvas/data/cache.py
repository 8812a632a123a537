"""Decoded data on the disk, so that the next run need not decode again.

One folder an entry, named by its key, written beside and renamed when whole: `images.u8` (the bare bytes), `facts.npz`
(labels and attributes) and `meta.json` (written last). Whatever does not fit together is made again. Deleting the
cache is always safe.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ganvas.files import cache_folder

log = logging.getLogger("ganvas")
IMAGES, FACTS, META = "images.u8", "facts.npz", "meta.json"
ABANDONED_AFTER_SECONDS = 86_400.0
Facts = tuple[dict[str, NDArray[Any]], dict[str, Any]]
"""(facts, meta); ``meta["shape"]`` is the shape of the images."""
Stored = tuple[NDArray[np.uint8], dict[str, NDArray[Any]], dict[str, Any]]
"""(images, facts, meta) of an entry."""
Decode = Callable[[IO[bytes]], Facts]
"""Writes the images' bytes into the file."""


def stored(entry: Path, decode: Decode) -> Stored:
    """The entry, found or made; in memory where the cache cannot be written. What ``decode`` raises passes through."""
    return load(entry) or _made_on_disk(entry, decode) or _made_in_memory(decode)


def entry_folder(key: Any) -> Path:
    """Where the decoded data with that JSON ``key`` live."""
    text = json.dumps(key, sort_keys=True, ensure_ascii=True)
    return cache_folder() / "data" / hashlib.sha256(text.encode()).hexdigest()[:32]


def load(entry: Path) -> Stored | None:
    """(images as a read-only map, facts, meta), or None if there is no whole and unchanged entry."""
    try:
        meta = json.loads((entry / META).read_text(encoding="utf-8"))
        if meta["files"] != _state(entry):
            return None
        with np.load(entry / FACTS, allow_pickle=False) as stored:
            facts = {name: stored[name] for name in stored.files}
        return np.memmap(entry / IMAGES, np.uint8, "r", shape=tuple(meta["shape"])), facts, meta
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _made_on_disk(entry: Path, decode: Decode) -> Stored | None:
    """None if the cache cannot be written."""
    try:
        with making(entry) as beside:
            with (beside / IMAGES).open("wb") as file:
                facts, meta = decode(file)
            finish(beside, facts, meta)
        return load(entry)
    except OSError as error:
        why = error.strerror or error
        log.warning("cannot write the cache %s (%s): the pictures are kept in memory this time", entry.parent, why)
        return None


def _made_in_memory(decode: Decode) -> Stored:
    memory = io.BytesIO()
    facts, meta = decode(memory)
    images = np.frombuffer(memory.getbuffer(), np.uint8).reshape(meta["shape"])
    images.flags.writeable = False
    return images, facts, meta


@contextmanager
def making(entry: Path) -> Iterator[Path]:
    """Yields a fresh folder to write `images.u8` into; when `finish` has been called there, it takes ``entry``'s place.

    Raises:
        OSError: nothing can be written there; no part is left behind.
    """
    entry.parent.mkdir(parents=True, exist_ok=True)
    _sweep(entry.parent)
    if entry.exists() and load(entry) is None:
        shutil.rmtree(entry, ignore_errors=True)
    beside = Path(tempfile.mkdtemp(prefix=f"{entry.name}.", suffix=".part", dir=entry.parent))
    try:
        yield beside
        _take_place(beside, entry)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def finish(beside: Path, facts: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
    """Write everything but the images, the meta file last."""
    np.savez(beside / FACTS, **facts)  # type: ignore[arg-type]
    whole = json.dumps({**meta, "files": _state(beside)})
    (beside / META).write_text(whole, encoding="utf-8")


def _take_place(beside: Path, entry: Path) -> None:
    try:
        beside.rename(entry)
    except OSError:
        if load(entry) is None:  # else another process was faster, with the same content
            raise


def _state(entry: Path) -> dict[str, list[int]]:
    """Bytes and time of the last change of the two large files: cheap, and any later damage by writing shows."""
    stats = {name: (entry / name).stat() for name in (IMAGES, FACTS)}
    return {name: [stat.st_size, stat.st_mtime_ns] for name, stat in stats.items()}


def _sweep(folder: Path) -> None:
    """Remove what killed runs left behind."""
    for part in folder.glob("*.part"):
        if time.time() - part.stat().st_mtime > ABANDONED_AFTER_SECONDS:
            shutil.rmtree(part, ignore_errors=True)
