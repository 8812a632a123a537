"""From loose JSON to things a page can set: facts, bars, lists, trees, and measurements grouped by extractor."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ganvas.report.record import is_number

MOST_ROWS = 40  # of bars or list entries; more is a wall, not a table
BARS = re.compile(r"count|class|accurac|histogram|share|sizes|modes", re.IGNORECASE)
RATES = re.compile(r"accurac|rate|precision|recall", re.IGNORECASE)
HEAVY = {"confusion", "measurements"}
REFERENCE = "reference_"  # in front of a key: the same number for real pictures
MARKS = {"higher": "↑ higher", "lower": "↓ lower", "up": "↑ higher", "down": "↓ lower"}


@dataclass(frozen=True)
class Bars:
    """Named non-negative numbers, each with its length in percent; ``left_out`` rows are not shown.

    ``marks`` are the same numbers for real pictures, by name and in percent too.
    """

    title: str
    rows: list[tuple[str, Any, float]]
    left_out: int = 0
    marks: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Described:
    """A JSON object sorted by how it can be shown."""

    facts: list[tuple[str, Any]] = field(default_factory=list)
    bars: list[Bars] = field(default_factory=list)
    lists: list[tuple[str, list[Any]]] = field(default_factory=list)
    trees: list[tuple[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Group:
    """Measurements by one extractor; ``protocol`` is what all of them share."""

    extractor: str
    protocol: dict[str, Any]
    rows: list[dict[str, Any]]


def words(name: Any) -> str:
    """``frechet_distance`` → ``Fréchet distance``."""
    text = str(name).replace("_", " ").strip()
    return (text[:1].upper() + text[1:]).replace("Frechet", "Fréchet")


def number(value: Any) -> str:
    """Whole numbers with separators, others with four digits, a true minus; anything else as it stands."""
    if not is_number(value):
        return str(value)
    if float(value).is_integer() and abs(value) < 1e15:
        text = f"{int(value):,}"
    else:
        text = f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    return text.replace("-", "−")


def plain(value: Any) -> str:
    """One JSON value as a reader would write it; a long list is cut, and says so."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        more = f" … and {len(value) - MOST_ROWS:,} more" if len(value) > MOST_ROWS else ""
        return (", ".join(plain(v) for v in value[:MOST_ROWS]) or "none") + more
    return number(value)


def duration(seconds: Any) -> str:
    """``192.4`` → ``3 min 12 s``."""
    if not is_number(seconds):
        return "unknown"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def bars(title: str, values: dict[str, Any], references: dict[str, Any] | None = None) -> Bars:
    """Bars as long as their share of the largest value, or of 1 for rates such as accuracy; n/a where there is none."""
    marks = references or {}
    present = [value for value in (*values.values(), *marks.values()) if _is_bar(value)]
    top = max([*present, 1.0 if RATES.search(title) else 0.0]) or 1.0
    percent = {name: round(100 * value / top, 2) if _is_bar(value) else 0.0 for name, value in values.items()}
    rows = [(name, "n/a" if value is None else value, percent[name]) for name, value in values.items()]
    marked = {name: round(100 * value / top, 2) for name, value in marks.items() if _is_bar(value)}
    return Bars(words(title), rows[:MOST_ROWS], max(0, len(rows) - MOST_ROWS), marked)


def describe(content: dict[str, Any]) -> Described:
    """Sort the entries of a JSON object: scalars, named counts, rows, lists, and whatever is deeper than that."""
    described = Described()
    for key, value in content.items():
        if value is None or value == [] or value == {}:
            continue
        if _is_count(key, value):
            described.bars.append(bars(key, value))
        elif _is_rows(value):
            described.bars.extend(_columns(key, value))
        elif isinstance(value, dict) and len(value) == 1 and not isinstance(next(iter(value.values())), dict | list):
            described.facts.extend((words(key), f"{name}: {plain(only)}") for name, only in value.items())
        elif isinstance(value, dict):
            described.trees.append((words(key), value))
        elif isinstance(value, list) and not all(is_number(v) for v in value):
            described.lists.append((words(key), value))
        else:
            described.facts.append((words(key), value))
    return described


def groups_of(metrics: dict[str, Any]) -> list[Group]:
    """Measurements of an evaluation card, grouped by the extractor in their protocol, in order of appearance."""
    grouped: dict[str, list[dict[str, Any]]] = {}
    entries = metrics.get("measurements")
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict):
            row = _measurement(entry)
            grouped.setdefault(row["extractor"], []).append(row)
    return [_group(extractor, rows) for extractor, rows in grouped.items()]


def rest_of(metrics: dict[str, Any]) -> Described:
    """What an evaluation card holds beside its measurements."""
    return describe({key: value for key, value in metrics.items() if key not in HEAVY})


def _is_bar(value: Any) -> bool:
    return is_number(value) and value >= 0


def _is_count(key: str, value: Any) -> bool:
    return isinstance(value, dict) and len(value) > 1 and bool(BARS.search(key)) and all(map(_is_bar, value.values()))


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(row, dict) and isinstance(row.get("name"), str) for row in value)


def _columns(key: str, rows: list[dict[str, Any]]) -> list[Bars]:
    """One bar chart for each number that the named rows hold, real pictures' numbers as marks in it."""
    columns = {
        column: {row["name"]: row.get(column) for row in rows}
        for column in dict.fromkeys(column for row in rows for column, value in row.items() if _is_bar(value))
    }
    return [
        bars(f"{key}: {column}", values, columns.get(REFERENCE + column))
        for column, values in columns.items()
        if not column.startswith(REFERENCE)
    ]


def _measurement(entry: dict[str, Any]) -> dict[str, Any]:
    protocol = entry.get("protocol")
    protocol = protocol if isinstance(protocol, dict) else {"protocol": protocol}
    protocol = {key: value for key, value in protocol.items() if value is not None}
    extractor = protocol.pop("extractor", None) or entry.get("extractor") or ""
    better = str(entry.get("better") or "")
    return {
        "extractor": plain(extractor) if extractor else "Without an extractor",
        "name": words(entry.get("name", "unnamed")),
        "value": entry.get("value"),
        "interval": entry.get("interval") if isinstance(entry.get("interval"), list) else None,
        "reference": entry.get("reference"),
        "minor": entry.get("headline") is False,
        "unit": str(entry.get("unit") or ""),
        "better": MARKS.get(better, better),
        "protocol": protocol,
    }


def _group(extractor: str, rows: list[dict[str, Any]]) -> Group:
    first = rows[0]["protocol"]
    shared = {k: v for k, v in first.items() if all(k in r["protocol"] and r["protocol"][k] == v for r in rows)}
    own = [{**row, "protocol": {k: v for k, v in row["protocol"].items() if k not in shared}} for row in rows]
    return Group(extractor, shared, own)
