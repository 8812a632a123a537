"""Of folders laid out for training, the side that a network begins from: translating the other would be nonsense.

Only layouts that say in so many words what A and B are count (`A` and `B`, `trainA` and `testB`, `labels` and `images`,
or double pictures below `train`, `val` or `test`). Any other folder is taken as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath

from ganvas.counted import counted
from ganvas.data.full_depth import deep_header
from ganvas.data.picture import Unreadable
from ganvas.data.spec import Direction
from ganvas.data.translation.halves import Half
from ganvas.data.translation.layouts import PARTS, Layout, names_its_sets, recognise
from ganvas.errors import GanvasError
from ganvas.translate.work import Listed

LOOKED_AT = 20
"""So many pictures are opened to see whether all are double."""


def sources_of(found: Listed, place: Path, direction: Direction) -> tuple[Listed, list[str]]:
    """What of ``found`` is to be translated (names, or halves of all), and in words why; all of it where nothing says
    otherwise. Films in such folders are left alone."""
    if found.single or not found.names:
        return found, []
    above = f"{place.resolve().name}/" if place.is_dir() else ""  # a folder called val says so of its pictures
    try:
        layout = recognise([above + name for name in found.names], str(place))
    except GanvasError:  # not two sets
        return found, _warned(found)
    if layout.kind == "side by side":
        if not _all_double(found):
            return found, []
        half: Half = "left" if direction == "AtoB" else "right"
        doubles = counted(len(found.names), "picture")
        line = f"{doubles} with A and B side by side: only the {half} half of each is translated"
        return replace(found, half=half, films=()), [line]
    side, other = layout.names if direction == "AtoB" else layout.names[::-1]
    if layout.kind != "class maps" and not names_its_sets(found.names):
        line = f"{side}/ and {other}/ hold the same names, and both are translated; name one to have it alone"
        return found, [line] if layout.paired else []
    names = _of_set(found.names, above, layout, direction)
    line = f"{layout.words}: only {side} ({counted(len(names), 'picture')}) is translated, not {other}"
    return replace(found, names=names, films=()), [line]


def _of_set(names: Sequence[str], above: str, layout: Layout, direction: Direction) -> tuple[str, ...]:
    """Those of the source's set, in whatever part: a layout lists no pictures that are left alone in training."""
    sides = (0, 1) if direction == "AtoB" else (1, 0)
    mine, other = ({*layout.train[side], *layout.held_out[side]} for side in sides)
    called = layout.names[sides[0]]
    folders = {called, *(f"{part}{joint}{called}" for part in PARTS for joint in ("", "_"))}

    def belongs(name: str) -> bool:
        path = above + name
        return path in mine or (path not in other and not folders.isdisjoint(PurePosixPath(path).parts[:-1]))

    return tuple(name for name in names if belongs(name))


def _warned(found: Listed) -> list[str]:
    if len(found.names) < 2 or not _all_double(found):
        return []
    return [
        "all pictures are twice as wide as high: if A and B stand side by side in them, put them into a folder "
        "called test, and only the half that is a source is translated"
    ]


def _all_double(found: Listed) -> bool:
    sizes = []
    for name in found.names[:LOOKED_AT]:
        with suppress(Unreadable):
            sizes.append(deep_header(found.open, name).size)
    return bool(sizes) and all(width == 2 * height for height, width in sizes)
