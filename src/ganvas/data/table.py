"""Attributes from a CSV that lies beside the pictures.

The column `file`, `filename` or `image` names the picture, else the first one; with or without its folder and its
suffix. The other columns are attributes; one called `class` or `label` also gives the classes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganvas.errors import GanvasError

FILE_COLUMNS = ("file", "filename", "image")
CLASS_COLUMNS = ("class", "label")
PREFERRED = ("labels.csv", "attributes.csv")


@dataclass(frozen=True)
class Table:
    """Rows by the picture they name."""

    name: str
    columns: tuple[str, ...]
    rows: dict[str, list[str]]

    def rows_of(self, names: Sequence[str]) -> list[list[str] | None]:
        """The row of every picture, None where there is none."""
        return [next((self.rows[key] for key in _keys(name) if key in self.rows), None) for name in names]

    def without_picture(self, names: Sequence[str]) -> list[str]:
        """What the table names and nobody has."""
        known = {key for name in names for key in _keys(name)}
        return [file for file in self.rows if file not in known]

    def attributes(self, names: Sequence[str]) -> dict[str, NDArray[Any]]:
        """Every column as (N,) int64, float64 (NaN = unknown) or text ('' = unknown)."""
        rows = self.rows_of(names)
        return {
            column: _typed([row[place].strip() if row and place < len(row) else "" for row in rows])
            for place, column in enumerate(self.columns)
        }


def read_table(raw: bytes, name: str) -> Table:
    """Parse a CSV with a head line, separated by commas, semicolons or tabs, in UTF-8.

    Raises:
        GanvasError: no text, no columns, or a broken quotation.
    """
    try:
        text = raw.decode("utf-8-sig")
        head = text.split("\n", 1)[0]
        lines = [line for line in csv.reader(io.StringIO(text), delimiter=max(",;\t", key=head.count)) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise GanvasError(f"{name} is no readable CSV ({error}); mend it or move it away") from error
    if not lines:
        return Table(name, (), {})
    columns = [column.strip() for column in lines[0]]
    file = next((columns.index(known) for known in FILE_COLUMNS if known in columns), 0)
    rows = {_slashed(row[file]): row[:file] + row[file + 1 :] for row in lines[1:] if file < len(row)}
    return Table(name, tuple(columns[:file] + columns[file + 1 :]), rows)


def chosen_tables(names: Sequence[str]) -> tuple[str, ...]:
    """Which of these CSV files beside the pictures to read: those of the usual names, else the only one."""
    usual = tuple(name for name in names if PurePosixPath(name).name.lower() in PREFERRED)
    return usual or (tuple(names) if len(names) == 1 else ())


def _slashed(file: str) -> str:
    return file.strip().replace("\\", "/").removeprefix("./")


def _keys(name: str) -> tuple[str, str, str, str]:
    """The ways in which a table may name a picture, the most exact first."""
    path = PurePosixPath(name)
    return name, str(path.with_suffix("")), path.name, path.stem


def _typed(values: list[str]) -> NDArray[Any]:
    for kind, convert in ((np.int64, _integer), (np.float64, _number)):
        try:
            return np.array([convert(value) for value in values], kind)
        except (ValueError, OverflowError):
            continue
    return np.array(values, np.str_)


def _integer(value: str) -> int:
    return int(value)  # '' has no integer: a column with gaps becomes float64, the gaps NaN


def _number(value: str) -> float:
    return float(value) if value else float("nan")
