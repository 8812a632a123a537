"""What a run directory says about itself, read with patience: only the recipe is indispensable.

A run may be unfinished, killed in the middle of a line, or made by a newer ganvas. What is missing or damaged is left
out and noted, so that the page can say so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganvas.errors import GanvasError


@dataclass(frozen=True)
class Record:
    """One run. ``ticks`` are in order of images seen, one row per count; ``notes`` say what could not be read."""

    path: Path
    recipe: dict[str, Any]
    ticks: list[dict[str, Any]]
    sheets: dict[int, Path]
    metrics: dict[str, Any]
    data: dict[str, Any]
    scores: dict[str, Any]
    command: str
    notes: list[str]

    @property
    def name(self) -> str:
        """The directory's own name, also when it is given as '.'."""
        return self.path.resolve().name

    @property
    def images(self) -> int:
        """Real images seen so far."""
        return max([tick["images"] for tick in self.ticks[-1:]] + list(self.sheets), default=0)

    @property
    def seconds(self) -> float | None:
        """Training time so far in seconds."""
        return next((t["seconds"] for t in reversed(self.ticks) if is_number(t.get("seconds"))), None)


def is_number(value: Any) -> bool:
    """An int or float that is finite also as a float; True and False are not numbers here."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -1e300 < value < 1e300


def read_record(run: Path) -> Record:
    """Read a run directory.

    Raises:
        GanvasError: ``run`` is no directory, or its recipe.json is missing or damaged.
    """
    notes: list[str] = []
    return Record(
        path=run,
        recipe=_read_recipe(run),
        ticks=_read_ticks(run / "stats.jsonl", notes),
        sheets=_find_sheets(run / "samples"),
        metrics=_read_optional(run / "metrics.json", notes),
        data=_read_optional(run / "data.json", notes),
        scores=_read_optional(run / "scores.json", notes),
        command=_read_text(run / "command.txt"),
        notes=notes,
    )


def _read_recipe(run: Path) -> dict[str, Any]:
    path = run / "recipe.json"
    try:
        recipe = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise GanvasError(f"no recipe.json in {run}: a report needs a run directory made by `ganvas train`") from error
    except ValueError as error:
        raise GanvasError(f"{path} is not JSON ({error}); restore it or train again") from error
    if not isinstance(recipe, dict):
        raise GanvasError(f"{path} holds no recipe (a JSON object is expected); restore it or train again")
    return recipe


def _read_ticks(path: Path, notes: list[str]) -> list[dict[str, Any]]:
    by_images: dict[int, dict[str, Any]] = {}
    damaged = 0
    for line in _read_text(path).splitlines():
        try:
            tick = json.loads(line)
        except ValueError:
            damaged += 1  # a kill can cut the last line
            continue
        if isinstance(tick, dict) and is_number(tick.get("images")):
            by_images[tick["images"]] = tick  # where a resumed run wrote a tick again, the later one holds
        else:
            damaged += 1
    if damaged:
        notes.append(f"{damaged} damaged line{'s' * (damaged > 1)} of {path.name} left out.")
    return [by_images[images] for images in sorted(by_images)]


def _find_sheets(folder: Path) -> dict[int, Path]:
    named = {path.stem: path for path in folder.glob("*.png")}
    return {int(stem): named[stem] for stem in sorted(named) if stem.isascii() and stem.isdigit()}


def _read_optional(path: Path, notes: list[str]) -> dict[str, Any]:
    text = _read_text(path)
    if not text:
        return {}
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if isinstance(content, dict):
        return content
    notes.append(f"{path.name} is damaged and left out.")
    return {}


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
