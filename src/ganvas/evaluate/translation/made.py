"""Translations made once: part by part into the folder of features, so that who interrupts loses little."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import ganvas
from ganvas.evaluate.extractor import OnProgress
from ganvas.evaluate.features_cache import Kept, code_of, keep, load
from ganvas.evaluate.looking import Fakes
from ganvas.evaluate.translation.methods import Method
from ganvas.evaluate.translation.pile import Rows
from ganvas.evaluate.translation.ways import Way
from ganvas.images import to_network, to_uint8, viewable

PART = 32
"""Pictures that are kept together."""
_PACKAGE = Path(ganvas.__file__).parent
MAKERS = tuple(_PACKAGE / name for name in ("translate", "models", "nn", "resizing.py", "images.py"))
"""The code that a translation hangs on: where it changes, translations are made anew."""


@dataclass(frozen=True)
class Made:
    """What a method made of all sources of a way, and of its results on the way back; uint8 (N, C, H, W), as files
    would hold them."""

    method: Method
    pictures: Tensor
    back: Tensor | None
    key: str

    def fakes(self) -> Fakes:
        """For extractors."""
        return Fakes(lambda rows: viewable(self.pictures[torch.from_numpy(rows)]), len(self.pictures), key=self.key)


def make(method: Method, way: Way, on_progress: OnProgress) -> Made:
    """All translations of the way, kept ones first."""
    key = f"{method.key} of {way.sources.key}"

    def few(rows: Rows) -> Kept:
        pictures = torch.cat([to_uint8(method.translate(way.sources.network(row[None]))) for row in rows])
        tensors = {"pictures": pictures}
        if method.back is not None:
            returned = [to_uint8(method.back(to_network(picture[None]))) for picture in pictures]
            tensors["back"] = torch.cat(returned)
        return Kept(tensors, {})

    parts = in_parts(
        {"made": key, "code": code_of(*MAKERS)}, len(way.sources), few, f"{method.name}: translating", on_progress
    )
    back = torch.cat([part.tensors["back"] for part in parts]) if method.back is not None else None
    return Made(method, torch.cat([part.tensors["pictures"] for part in parts]), back, key)


def in_parts(
    key: dict[str, Any], count: int, compute: Callable[[Rows], Kept], what: str, on_progress: OnProgress
) -> list[Kept]:
    """``compute`` of all rows, `PART` at a time, each kept as soon as it is there and not computed again."""
    parts = []
    for start in range(0, count, PART):
        rows = np.arange(start, min(start + PART, count))
        mine = {**key, "start": start, "rows": len(rows)}
        kept = load(mine)
        if kept is None:
            kept = compute(rows)
            keep(mine, kept)
        parts.append(kept)
        on_progress(what, int(rows[-1]) + 1, count)
    return parts
