"""A place that pictures come from, and what it says about them. Every kind of place becomes a `Source`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganvas.data.picture import Pictures
from ganvas.errors import GanvasError

MOST_CLASSES = 10_000  # beyond this a column is no class but a number or a name


@dataclass(frozen=True)
class Labels:
    """One class a picture; ``index`` is int64 (N,) into ``names``, −1 where a picture has none."""

    names: tuple[str, ...]
    index: NDArray[np.int64]

    @property
    def missing(self) -> NDArray[np.int64]:
        """Positions of the pictures without a class."""
        return np.flatnonzero(self.index < 0)

    @property
    def used(self) -> int:
        """How many classes at least one picture has."""
        return len(np.unique(self.index[self.index >= 0]))


@dataclass(frozen=True)
class Place:
    """Where a source lies: cheap to find, so that a cached one is never opened."""

    stamp: Any
    """JSON that changes whenever the files do; the cache is keyed by it."""
    open: Callable[[], Source]
    """Raises `GanvasError` when there is nothing in it that can be read."""


@dataclass(frozen=True)
class Source:
    """Pictures with their labels by rule (the first one wins), attributes, and notes a person should read."""

    name: str
    """Short name for run directories and reports."""
    kind: str
    pictures: Pictures
    labels: Mapping[str, Labels] = field(default_factory=dict)
    attributes: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """Name → (N,) int64, float64 (NaN = unknown) or str ('' = unknown)."""
    notes: tuple[str, ...] = ()
    benchmark: str | None = None
    """What the field measures on just these data, by its name in `ganvas.evaluate.benchmarks`."""

    def chosen_labels(self, wanted: str | None) -> tuple[str | None, Labels | None]:
        """(rule or column, its labels), for the ``labels`` of a `DataSpec`.

        Raises:
            GanvasError: there is no rule or attribute of that name, or it is no class.
        """
        if wanted == "none" or (wanted is None and not self.labels):
            return None, None
        rule = wanted or next(iter(self.labels))
        if rule in self.labels:
            return rule, self.labels[rule]
        if rule in self.attributes:
            return rule, class_labels(self.attributes[rule], f"attribute '{rule}' of {self.name}")
        known = [*self.labels, *self.attributes, "none"]
        raise GanvasError(f"{self.name} has no labels called '{rule}'; known: {', '.join(known)}")


def class_labels(values: Iterable[Any], what: str, names: Sequence[str] | None = None) -> Labels:
    """One value a picture (integer, text; None, '' or NaN = unknown) → classes.

    Integers index ``names`` where given; else the distinct values, in their own order, are the classes.

    Raises:
        GanvasError: fractions, too many distinct values, or an index outside ``names``.
    """
    plain = [_plain(value, what) for value in values]
    if names is not None:
        wrong = next((v for v in plain if v is not None and not (isinstance(v, int) and 0 <= v < len(names))), None)
        if wrong is not None:
            raise GanvasError(f"{what}: label {wrong!r} is none of the {len(names)} classes; mend it or its class list")
        return Labels(tuple(names), np.array([-1 if v is None else v for v in plain], np.int64))
    distinct = sorted({v for v in plain if v is not None}, key=_class_order)
    if len(distinct) > MOST_CLASSES:
        raise GanvasError(f"{what} holds {len(distinct):,} different values: too many to be classes; use --labels none")
    place = {value: i for i, value in enumerate(distinct)}
    return Labels(tuple(map(str, distinct)), np.array([-1 if v is None else place[v] for v in plain], np.int64))


def file_stamp(path: Path, name: str | None = None) -> list[Any]:
    """[name, bytes, nanoseconds of the last change] of one file; of a link to nothing, the name."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return [name]
    return [name or os.fspath(path.resolve()), stat.st_size, stat.st_mtime_ns]


def _plain(value: Any, what: str) -> int | str | None:
    value = value.item() if isinstance(value, np.generic) else value
    if value is None or value == "" or value != value:
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    raise GanvasError(f"{what}: {value!r} is a measure and no class; choose another column or --labels none")


def _class_order(value: int | str) -> tuple[int, int, str]:
    """Numbers by their value, also when written as text (folders 0 … 10), then words."""
    number = isinstance(value, int) or value.isdecimal()
    return (0, int(value), str(value)) if number else (1, 0, str(value))
