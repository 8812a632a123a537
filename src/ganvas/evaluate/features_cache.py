"""Features, distances and trained judges kept on the disk: made once, found again while nothing they depend on changes.

One safetensors file an entry, named by the hash of its key and holding the key, written whole or not at all. What does
not fit its key is made again; the longest unused goes first when the folder grows past its limit. Deleting it is safe.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.evaluate.extractor import Extractor
from ganvas.files import cache_folder, write_whole

log = logging.getLogger("ganvas")
MOST_BYTES = 4 * 2**30
FOLDER = "features"


class Kept(NamedTuple):
    """Tensors by name, and JSON-able facts beside them."""

    tensors: dict[str, Tensor]
    facts: dict[str, Any]


def rows_key(fingerprint: str, rows: np.ndarray) -> str:
    """What those ``rows`` (n,) of a data set with that fingerprint are called, in that order."""
    return f"data {fingerprint}, {len(rows)} rows {digest(rows)}"


def samples_key(fingerprint: str, first_seed: int, count: int, truncation: float, asked: Tensor | None) -> str:
    """What the pictures of ``count`` seeds from ``first_seed`` on are called, of a generator with that fingerprint,
    asked for the classes ``asked`` (count,)."""
    classes = "none" if asked is None else digest(asked.numpy())
    return f"generator {fingerprint}, {count} seeds from {first_seed}, truncation {truncation}, classes {classes}"


def digest(values: np.ndarray) -> str:
    """Short hash of an array's type, shape and numbers."""
    head = f"{values.dtype.str} {values.shape}".encode()
    return hashlib.sha256(head + np.ascontiguousarray(values).tobytes()).hexdigest()[:16]


@cache
def code_of(*places: Path) -> str:
    """Short hash of those source files, or folders of them: part of the key of what they compute, so that nobody has
    to remember to raise a version."""
    files = [file for place in places for file in (sorted(place.glob("*.py")) if place.is_dir() else [place])]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def load_features(pictures: str, extractor: Extractor) -> Tensor | None:
    """Features (N, d) of the pictures of that key, if they are kept."""
    kept = load({"pictures": pictures, "extractor": extractor.name, "fingerprint": extractor.fingerprint})
    return kept.tensors.get("features") if kept else None


def keep_features(pictures: str, extractor: Extractor, features: Tensor) -> None:
    """Keep features (N, d); where they cannot be kept, say so and go on."""
    key = {"pictures": pictures, "extractor": extractor.name, "fingerprint": extractor.fingerprint}
    keep(key, Kept({"features": features}, {}))


def load(key: Mapping[str, Any]) -> Kept | None:
    """The entry of that JSON-able key, or None."""
    file = _file(key)
    try:
        with safe_open(file, framework="pt") as opened:
            header = opened.metadata() or {}
            if header["key"] != _text(key):
                return None
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 (no mapping)
            facts = json.loads(header["facts"])
    except (SafetensorError, OSError, KeyError, ValueError):
        return None
    with suppress(OSError):
        os.utime(file)  # used just now: the last to be removed
    return Kept(tensors, facts)


def keep(key: Mapping[str, Any], kept: Kept) -> None:
    """Write the entry; where that is not possible, say so and go on."""
    header = {"key": _text(key), "facts": json.dumps(kept.facts)}
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in kept.tensors.items()}
    file = _file(key)
    try:
        write_whole(file, lambda beside: save_file(tensors, beside, metadata=header))
        _make_room(file.parent, file)
    except (GanvasError, OSError, SafetensorError) as error:
        log.warning("features are not kept for next time: %s", error)


def _make_room(folder: Path, newest: Path) -> None:
    """Remove the longest unused entries until all fit `MOST_BYTES`; the newest stays."""
    files = sorted(folder.glob("*.safetensors"), key=lambda file: file.stat().st_mtime)
    sizes = {file: file.stat().st_size for file in files}
    too_much = sum(sizes.values()) - MOST_BYTES
    for file in files:
        if too_much <= 0:
            return
        if file != newest:
            file.unlink(missing_ok=True)
            too_much -= sizes[file]


def _file(key: Mapping[str, Any]) -> Path:
    return cache_folder() / FOLDER / f"{hashlib.sha256(_text(key).encode()).hexdigest()[:32]}.safetensors"


def _text(key: Mapping[str, Any]) -> str:
    return json.dumps(key, sort_keys=True)
