"""Pictures that a translation has not learnt from: before, after and truth, and what was measured on them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ganvas.report.record import is_number
from ganvas.report.sheets import read_png

MOST_BYTES = 12 * 2**20  # of PNG: beyond it fewer windows are shown
ABOUT = 280
"""About how wide a picture is shown, in CSS pixels: small ones are enlarged by a whole number."""


@dataclass(frozen=True)
class Shot:
    """A PNG in base64, and what it shows."""

    kind: str
    """`before`, `best`, `last`, `truth`, `best-back` or `last-back`."""
    label: str
    png: str


@dataclass(frozen=True)
class Window:
    """One held-out window in all its shots, which are of one size."""

    number: int
    width: int
    """In CSS pixels, as shown."""
    height: int
    sharp: bool
    """Whether its pixels are repeated, not blended."""
    shots: list[Shot]


@dataclass(frozen=True)
class Row:
    """One score."""

    words: str
    unit: str
    better: str
    decides: bool
    """Whether it chooses the best snapshot."""
    baseline: float | None
    best: float | None
    last: float | None


@dataclass(frozen=True)
class HeldOut:
    """What `validation.json` and `validation/` of a run hold."""

    count: int
    """Windows that were measured."""
    baseline: str | None
    """What it is called."""
    best: int | None
    """Images seen by the best snapshot."""
    last: int | None
    rows: list[Row]
    windows: list[Window]
    third: str
    """What the translation is held against: `truth`, or `back` where only the way back can be shown."""
    references: dict[str, float] = field(default_factory=dict)
    """The baseline's numbers, by the names in ``stats.jsonl``."""

    @property
    def decides(self) -> Row | None:
        """The score that chose the best snapshot."""
        return next((row for row in self.rows if row.decides and row.best is not None), None)

    @property
    def worse(self) -> bool:
        """Whether by that score even the best snapshot does not beat the baseline."""
        row = self.decides
        if row is None or row.best is None or row.baseline is None:
            return False
        return row.best <= row.baseline if row.better == "higher" else row.best >= row.baseline


def read_held_out(run: Path, notes: list[str]) -> HeldOut | None:
    """None for a run without validation; what cannot be read is left out and added to ``notes``."""
    try:
        told = json.loads((run / "validation.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        told = None
    if not isinstance(told, dict):
        notes.append("validation.json is damaged and left out.")
        return None
    baseline, best, last = (_mapping(told.get(name)) for name in ("baseline", "best", "last"))
    numbers = [_mapping(of.get("numbers")) for of in (baseline, best, last)]
    held = HeldOut(
        count=int(told["windows"]) if is_number(told.get("windows")) else 0,
        baseline=str(baseline["name"]) if "name" in baseline else None,
        best=_images(best),
        last=_images(last),
        rows=list(_rows(_mapping(told.get("scores")), str(told.get("by")), *numbers)),
        windows=[],
        third="back" if told.get("third") == "back" else "truth",
        references={f"validation/{name}": value for name, value in numbers[0].items() if is_number(value)},
    )
    held.windows.extend(_windows(run / "validation", held, notes))
    return held if held.rows or held.windows else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _images(of: Mapping[str, Any]) -> int | None:
    return int(of["images"]) if is_number(of.get("images")) else None


def _rows(scores: Mapping[str, Any], by: str, *numbers: Mapping[str, Any]) -> Iterator[Row]:
    for name, score in scores.items():
        found = [of[name] if is_number(of.get(name)) else None for of in numbers]
        if isinstance(score, dict) and any(value is not None for value in found):
            words, unit, better = (str(score.get(key) or "") for key in ("words", "unit", "better"))
            yield Row(words, unit, better, name == by, *found)


def _windows(folder: Path, held: HeldOut, notes: list[str]) -> Iterator[Window]:
    shots, labels = _labels(held), set[int]()
    found = sorted(int(path.name.partition("-")[0]) for path in folder.glob("*-before.png") if path.name[0].isdigit())
    left = MOST_BYTES
    for number in found:
        files = {kind: folder / f"{number}-{kind}.png" for kind in shots}
        left -= sum(file.stat().st_size for file in files.values() if file.is_file())
        if left < 0 and labels:
            notes.append(f"{len(labels)} of {len(found)} held-out windows are shown: more would make the page heavy.")
            return
        read = {kind: image for kind, file in files.items() if (image := read_png(file)) is not None}
        if "before" not in read or len(read) == 1:
            continue
        labels.add(number)
        width, height = read["before"].size
        times = max(1, ABOUT // width)
        yield Window(
            number=len(labels),
            width=width * times,
            height=height * times,
            sharp=times > 1,
            shots=[Shot(kind, shots[kind], base64.b64encode(read[kind].content).decode("ascii")) for kind in read],
        )


def _labels(held: HeldOut) -> dict[str, str]:
    """Which shots there are, in the order in which they stand, and what each is called."""
    before = "bicubic" if held.baseline == "bicubic enlargement" else "before"
    apart = held.best != held.last
    best, last = ("best", "last") if apart else ("after", "")
    labels = {"before": before, "best": best, **({"last": last} if apart else {})}
    if held.third == "back":
        return labels | {f"{kind}-back": "and back" for kind in labels if kind != "before"}
    return labels | {"truth": "truth"}
