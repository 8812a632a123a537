"""What stands in the columns of a sheet of translations, and the sheet cut in two where it is tall and narrow."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import PIL.Image

from ganvas.images import GAP
from ganvas.report.sheets import Sheet, as_sheet, read_png

ROUND_TRIPS = ("source", "there", "and back", "other set", "there", "and back")
FEWEST = 4
"""Rows of a sheet that is worth cutting."""


@dataclass(frozen=True)
class Columns:
    """What the columns are called, how many rows there are, and pixels between two of them."""

    headings: tuple[str, ...]
    rows: int
    gap: int

    @property
    def halves(self) -> bool:
        """Whether the rows fit better in two blocks side by side."""
        return len(self.headings) < len(ROUND_TRIPS) and self.rows >= FEWEST


def columns_of(size: tuple[int, int], space: Any) -> Columns | None:
    """Of a sheet of (width, height) pixels by a run on this ``space`` of its recipe; None where it holds no
    translations, or others than are drawn today: whole pictures and gaps must come out."""
    source = space.get("source") if isinstance(space, dict) else None
    sides = [of.get(side) for of in (space, source) if isinstance(of, dict) for side in ("height", "width")]
    if not isinstance(source, dict) or not all(isinstance(side, int) and side > 0 for side in sides):
        return None
    small = source["height"] < space["height"]
    first, made = ("small", "enlarged") if small else ("source", "translation")
    for headings in ((first, made, "truth" if source.get("paired", True) else "other set"), ROUND_TRIPS):
        times, odd = divmod(size[0], len(headings) * (space["width"] + GAP) - GAP)
        if times and not odd:
            rows, rest = divmod(size[1] + GAP * times, (space["height"] + GAP) * times)
            if rows and not rest:
                return Columns(headings, rows, GAP * times)
    return None


def blocks_of(sheet: Sheet, file: Path, columns: Columns | None) -> list[Sheet]:
    """The sheet in ``file``: whole or, where that suits it better, its upper rows and its lower ones."""
    if columns is None or not columns.halves or (image := read_png(file)) is None:
        return [sheet]
    with PIL.Image.open(io.BytesIO(image.content)) as whole:
        pitch, middle = (whole.height + columns.gap) // columns.rows, (columns.rows + 1) // 2
        cuts = ((0, middle * pitch - columns.gap), (middle * pitch, whole.height))
        return [as_sheet(sheet.images, whole.crop((0, top, whole.width, bottom))) for top, bottom in cuts]
