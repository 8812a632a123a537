"""Pictures from a snapshot into files."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ganvas.errors import GanvasError
from ganvas.files import write_whole
from ganvas.images import enlarge, grid, save_picture


def parse_seeds(text: str) -> list[int]:
    """``"0-3,7"`` → [0, 1, 2, 3, 7].

    Raises:
        GanvasError: not such a list.
    """
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdigit() or (dash and (not last.isdigit() or int(last) < int(first))):
            raise GanvasError(f"--seeds {text}: '{part}' is no seed; write for instance 0-63 or 1,5,9")
        seeds += range(int(first), int(last if dash else first) + 1)
    if not seeds:
        raise GanvasError(f"--seeds {text}: no seeds in it")
    return seeds


def columns_of(count: int, classes: int = 1) -> int:
    """How many pictures stand in a row: nearly square, and a class a column where seeds walk through ``classes``."""
    side = math.isqrt(count)
    return min(count, max(1, round(side / classes)) * classes) if classes <= 16 else side


def write_pictures(
    images: np.ndarray, seeds: Sequence[int], out: Path, columns: int, classes: Sequence[str] | None = None
) -> str:
    """Write uint8 (N, C, H, W) as one grid (``.png``), as arrays (``.npz``: images NHWC, seeds, classes) or as one file
    each (a folder, with a sub-folder for each class); says in words what was written.

    Raises:
        GanvasError: another ending, or the place cannot be written.
    """
    if out.suffix == ".png":
        save_picture(enlarge(grid(images, columns), to_at_least=400), out)
        return f"{len(images)} pictures in {out}"
    if out.suffix == ".npz":
        buffer = io.BytesIO()
        arrays: dict[str, Any] = {"images": images.transpose(0, 2, 3, 1), "seeds": np.asarray(seeds, np.int64)}
        if classes is not None:
            arrays["classes"] = np.asarray(classes)
        np.savez_compressed(buffer, **arrays)
        write_whole(out, lambda beside: beside.write_bytes(buffer.getvalue()))
        return f"{len(images)} pictures in {out} (images: uint8 N, H, W, C; seeds)"
    if out.suffix:
        raise GanvasError(f"--out {out}: end it in .png (one grid), .npz (arrays) or / (a folder, one file a seed)")
    folders = [out] * len(images) if classes is None else [out / name.replace("/", "_") for name in classes]
    for image, seed, folder in zip(images, seeds, folders, strict=True):
        save_picture(image, folder / f"seed{seed:06d}.png")
    return f"{len(images)} pictures in {out}/"
