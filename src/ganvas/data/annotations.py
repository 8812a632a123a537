"""What lies beside encoded pictures and says something about them: class folders, `dataset.json`, CSV files."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganvas.data.arrays import as_attributes
from ganvas.data.picture import SUFFIXES
from ganvas.data.source import Labels, class_labels
from ganvas.data.table import CLASS_COLUMNS, chosen_tables, read_table
from ganvas.errors import GanvasError

DATASET_JSON = "dataset.json"
SPLITS = frozenset({"train", "training", "val", "valid", "validation", "test", "testing", "images", "labels"})
_FORM = '{"labels": [[file, class], …], "classes": [names]}'


@dataclass(frozen=True)
class Listing:
    """Files of a folder or archive, sorted by kind; names relative to it, with forward slashes."""

    pictures: list[str]
    labels: str | None
    """The `dataset.json`, where there is one."""
    tables: list[str]
    others: dict[str, int]
    """How many other files there are, by suffix."""


@dataclass
class Annotations:
    """What the files beside the pictures say, being gathered."""

    labels: dict[str, Labels] = field(default_factory=dict)
    attributes: dict[str, NDArray[Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def sort_files(names: Sequence[str]) -> Listing:
    """Pictures, labels, tables and the rest; hidden files and folders are passed over."""
    seen = [name for name in sorted(names) if not any(_hidden(part) for part in PurePosixPath(name).parts)]
    pictures = [name for name in seen if PurePosixPath(name).suffix.lower() in SUFFIXES]
    depth = sorted((name for name in seen if PurePosixPath(name).name == DATASET_JSON), key=lambda n: n.count("/"))
    tables = [name for name in seen if name.lower().endswith(".csv") and _above_all(name, pictures)]
    others: dict[str, int] = {}
    for name in set(seen) - set(pictures) - set(tables) - set(depth[:1]):
        suffix = PurePosixPath(name).suffix.lower() or "no suffix"
        others[suffix] = others.get(suffix, 0) + 1
    return Listing(pictures, depth[0] if depth else None, tables, dict(sorted(others.items())))


def annotate(listing: Listing, read: Callable[[str], bytes], wanted: str | None, where: str) -> Annotations:
    """Labels by rule (`dataset.json`, then a CSV column, then `folders`), attributes and notes.

    With ``wanted`` = "none" `dataset.json` is not even opened, so that a broken one can be passed by.

    Raises:
        GanvasError: a broken `dataset.json` or CSV.
    """
    found = Annotations()
    if listing.labels is not None and wanted != "none":
        _from_json(found, listing, read(listing.labels), f"{where}: {listing.labels}")
    _from_tables(found, listing, read, where)
    _from_folders(found, listing.pictures)
    if listing.others:
        counts = ", ".join(f"{count} {suffix}" for suffix, count in listing.others.items())
        found.notes.append(f"files that are no pictures were passed over: {counts}")
    return found


def _from_json(found: Annotations, listing: Listing, raw: bytes, what: str) -> None:
    """The StyleGAN layout {"labels": [[file, class or vector], …] or null, "classes": [names]}."""
    pairs, names = _parsed(raw, what)
    root = PurePosixPath(listing.labels or "").parent
    by_file = {str(root / file): value for file, value in pairs}
    values = [by_file.get(name) for name in listing.pictures]
    if not by_file:
        return
    if all(value is None for value in values):
        raise GanvasError(f"{what} names none of the {len(values)} pictures; mend its paths or use --labels none")
    _note_missing(found, DATASET_JSON, sorted(by_file.keys() - set(listing.pictures)))
    length = next((len(value) for value in values if isinstance(value, list)), None)
    if length is None:
        found.labels[DATASET_JSON] = class_labels(values, what, names)
        return
    unknown = [float("nan")] * length
    rows = [unknown if value is None else value for value in values]
    if any(not isinstance(row, list) or len(row) != length for row in rows):
        raise GanvasError(f"{what} mixes label vectors of several lengths; mend it or use --labels none")
    found.attributes |= as_attributes("label", np.array(rows, np.float64))


def _parsed(raw: bytes, what: str) -> tuple[list[tuple[str, Any]], list[str] | None]:
    try:
        content = json.loads(raw)
        names = content.get("classes")
        pairs = [(str(file).replace("\\", "/"), value) for file, value in content.get("labels") or []]
        kinds_fit = all(isinstance(value, int | str) or _is_vector(value) for _, value in pairs)
    except (ValueError, TypeError, AttributeError) as error:
        raise GanvasError(f"{what} is broken ({error}); mend it or use --labels none") from error
    if not kinds_fit or not (names is None or (isinstance(names, list) and names)):
        raise GanvasError(f"{what} is not of the form {_FORM}; mend it or use --labels none")
    texts = any(isinstance(value, str) for _, value in pairs)  # classes by name need no list of names
    return pairs, [str(name) for name in names] if names and not texts else None


def _is_vector(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(number, int | float) for number in value)


def _from_tables(found: Annotations, listing: Listing, read: Callable[[str], bytes], where: str) -> None:
    chosen = chosen_tables(listing.tables)
    if listing.tables and not chosen:
        found.notes.append(f"{len(listing.tables)} CSV files lie here and none is called labels.csv: none was read")
    for name in chosen:
        table = read_table(read(name), f"{where}: {name}")
        if not any(table.rows_of(listing.pictures)):
            found.notes.append(f"{name} names none of the pictures and was passed over")
            continue
        _note_missing(found, name, table.without_picture(listing.pictures))
        attributes = table.attributes(listing.pictures)
        found.attributes |= attributes
        for column in CLASS_COLUMNS:
            if column in attributes and not found.labels.keys() & set(CLASS_COLUMNS):
                found.labels[column] = class_labels(attributes[column], f"{where}: {name}, column {column}")


def _from_folders(found: Annotations, pictures: Sequence[str]) -> None:
    """Classes are the folders at the first level where the pictures' paths part, if every picture lies in one."""
    folders = [PurePosixPath(name).parts[:-1] for name in pictures]
    shared = _shared(folders)
    firsts = {parts[len(shared)] for parts in folders if len(parts) > len(shared)}
    outside = sum(len(parts) == len(shared) for parts in folders)
    if not firsts:
        if shared:
            found.notes.append(
                f"all pictures lie in '{'/'.join(shared)}': one folder is no choice, so there are no classes"
            )
        return
    if outside:
        found.notes.append(
            f"{outside} pictures lie beside the folders {_few(firsts)}: the folders are not taken as classes"
        )
        return
    if shared:
        found.notes.append(f"class folders were found one level deeper, in '{'/'.join(shared)}'")
    if firsts <= SPLITS:
        found.notes.append(f"the class folders are called {_few(firsts)}: give one of them, or use --labels none")
    found.labels["folders"] = class_labels([parts[len(shared)] for parts in folders], "class folders")


def _shared(folders: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The folders that all paths begin with: between the smallest and the largest path everything agrees."""
    if not folders:
        return ()
    low, high = min(folders), max(folders)
    agreed = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
    return low[:agreed]


def _note_missing(found: Annotations, name: str, missing: Sequence[str]) -> None:
    if missing:
        found.notes.append(f"{name} names {len(missing)} pictures that are not there: {_few(missing)}")


def _few(names: Sequence[str] | set[str], count: int = 3) -> str:
    shown = ", ".join(sorted(names)[:count])
    return shown + (", …" if len(names) > count else "")


def _hidden(part: str) -> bool:
    return part.startswith(".") or part == "__MACOSX"


def _above_all(table: str, pictures: Sequence[str]) -> bool:
    """A table counts when it lies beside or above all pictures, not inside one of several folders."""
    root = PurePosixPath(table).parent.as_posix()
    return root == "." or all(name.startswith(f"{root}/") for name in pictures)
