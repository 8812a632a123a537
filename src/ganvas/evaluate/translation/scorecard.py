"""The scores of translations: a table a way, a row for whoever translates, and what each number was measured with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from ganvas.config import Config
from ganvas.evaluate.pairs import NAMES

Better = Literal["higher", "lower"]
Kind = Literal["asked", "beside", "baseline", "real"]
"""A snapshot in question, one to stand beside it, what comes for nothing, and real pictures in its place."""
Verdict = Literal["better", "worse", "not told apart"]
WORDS: Mapping[Verdict, str] = {
    "better": "is better than",
    "worse": "is worse than",
    "not told apart": "cannot be told from",
}


@dataclass(frozen=True)
class Column:
    """A score: what people call it, which way is better, how many digits say something, and which protocol it has."""

    title: str
    better: Better
    digits: int
    protocol: str


def _pairs(prefix: str, words: str, protocol: str) -> dict[str, Column]:
    digits = {"psnr_rgb_db": 2, "psnr_y_db": 2}
    return {
        f"{prefix}{name}": Column(f"{words}{title}", better, digits.get(name, 3), protocol)  # type: ignore[arg-type]
        for name, (title, better) in NAMES.items()
    }


COLUMNS: Mapping[str, Column] = {
    **_pairs("", "", "pairs"),
    "kid": Column("KID", "lower", 4, "kid"),
    "frechet_distance": Column("Fréchet distance", "lower", 2, "kid"),
    "called_target_share": Column("called target", "higher", 3, "classifier"),
    "called_target_share_second": Column("called target (2nd)", "higher", 3, "second_classifier"),
    **_pairs("cycle_", "cycle ", "cycle"),
    "pixel_accuracy": Column("pixels right", "higher", 3, "segmenter"),
    "class_accuracy": Column("mean of classes right", "higher", 3, "segmenter"),
    "mean_iou": Column("mean IoU", "higher", 3, "segmenter"),
}
"""Key in JSON → column, in the order in which they are shown."""


class Cell(Config):
    """One number. Without a ``value`` it is n/a, and ``why`` says why; without either it does not apply."""

    value: float | None = None
    interval: tuple[float, float] | None = None
    """95 %."""
    why: str | None = None


class Lead(Config):
    """How far the first row is ahead of another one, over the same pictures."""

    score: str
    of: str
    value: float
    """Its mean score minus the other's."""
    interval: tuple[float, float]
    """95 %, over the pictures' differences; of KID, over the differences in the same subsets."""
    better: Better

    @property
    def verdict(self) -> Verdict:
        """What the interval says."""
        low, high = self.interval
        if low <= 0 <= high:
            return "not told apart"
        return "better" if (low > 0) == (self.better == "higher") else "worse"


class Row(Config):
    """Who translates, and how it scores."""

    name: str
    about: str
    kind: Kind
    cells: dict[str, Cell]
    """By the keys of `COLUMNS`; those that do not apply are missing."""


class WayScores(Config):
    """One way, from source to target."""

    source: str
    target: str
    pictures: int
    """That were translated."""
    real: int
    """Training targets that they are held against as a set."""
    size: str
    rows: tuple[Row, ...]
    leads: tuple[Lead, ...] = ()
    """Of the first row."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Those that some row has."""
        return tuple(key for key in COLUMNS if any(key in row.cells for row in self.rows))


class Shuffled(Config):
    """What a discriminator says of true pairs, and of the same pictures beside the sources of others: mean logits."""

    of: str
    pictures: int
    true_pairs: float
    shuffled_pairs: float
    difference: float
    interval: tuple[float, float]
    share_ahead: float
    """Of pictures whose own source scores higher than the other's."""
    mode: str
    batch: int
    """Pairs that were judged together, whose statistics normalise them in ``train`` mode: as many as in training."""


class ScoreCard(Config):
    """All that was measured of translations, and how."""

    data: str
    data_fingerprint: str
    part: str
    """Which pictures: ``held-out``, ``train`` or ``all``."""
    seed: int
    space: str
    ways: tuple[WayScores, ...]
    discriminators: tuple[Shuffled, ...] = ()
    protocol: dict[str, str] = Field(default_factory=dict)
    """What a second implementation would have to know, by the ``protocol`` of `COLUMNS`."""
    notes: tuple[str, ...] = ()
    seconds: float

    def numbers(self) -> dict[str, Any]:
        """For JSON: every score by its key, its interval beside it as ``<key>_interval``, n/a as null with the reason
        in ``not_available``."""
        facts = self.model_dump(mode="json", exclude={"ways"})
        return facts | {"ways": [_way(way) for way in self.ways]}

    def headline(self) -> dict[str, float]:
        """The first row's numbers of every way, those of the way back under ``back_<key>``."""
        return {
            f"{'back_' * number}{key}": cell.value
            for number, way in enumerate(self.ways)
            for key, cell in way.rows[0].cells.items()
            if cell.value is not None
        }

    def summary(self) -> dict[str, Any]:
        """What a run's report shows: the first row of every way, real pictures' numbers as reference."""
        facts = self.model_dump(mode="json", include={"data", "data_fingerprint", "part", "seed", "space", "notes"})
        return facts | {"measurements": [entry for way in self.ways for entry in _measurements(self, way)]}


def _way(way: WayScores) -> dict[str, Any]:
    return {
        "from": way.source,
        "to": way.target,
        "pictures": way.pictures,
        "real": way.real,
        "size": way.size,
        "rows": [_row(row) for row in way.rows],
        "leads": [{**lead.model_dump(mode="json"), "verdict": lead.verdict} for lead in way.leads],
    }


def _measurements(card: ScoreCard, way: WayScores) -> list[dict[str, Any]]:
    real = next((row.cells for row in way.rows if row.kind == "real"), {})
    return [
        {
            "name": COLUMNS[key].title,
            "key": key,
            "value": cell.value,
            "interval": cell.interval,
            "reference": real[key].value if key in real else None,
            "better": COLUMNS[key].better,
            "extractor": f"{way.source} to {way.target}",
            "protocol": {"pictures": way.pictures, "how": card.protocol.get(COLUMNS[key].protocol)},
        }
        for key, cell in way.rows[0].cells.items()
    ]


def _row(row: Row) -> dict[str, Any]:
    numbers: dict[str, Any] = {"name": row.name, "about": row.about, "kind": row.kind}
    for key, cell in row.cells.items():
        numbers[key] = cell.value
        if cell.interval is not None:
            numbers[f"{key}_interval"] = list(cell.interval)
    return numbers | {"not_available": {key: cell.why for key, cell in row.cells.items() if cell.why}}


def said_of(way: WayScores, everything: bool = False) -> list[tuple[str, Verdict]]:
    """Who is ahead of whom, a sentence another row (``everything``: a sentence a number), and the verdict."""
    first, others = way.rows[0].name, dict.fromkeys(lead.of for lead in way.leads)
    said: list[tuple[str, Verdict]] = []
    for other in others:
        mine = [lead for lead in way.leads if lead.of == other]
        for verdict in WORDS:
            found = [lead for lead in mine if lead.verdict == verdict]
            parts = [f"{COLUMNS[lead.score].title} {_difference(lead)}" for lead in found]
            shown = [[part] for part in parts] if everything else [parts] * bool(parts)
            said += [(f"{first} {WORDS[verdict]} {other}: {', '.join(part)}", verdict) for part in shown]
    return said


def _difference(lead: Lead) -> str:
    """With two digits that say something, however small it is: a difference that is told apart is never 0.000."""
    low, high = lead.interval
    largest = max(abs(lead.value), abs(low), abs(high))
    digits = max(COLUMNS[lead.score].digits, 1 - math.floor(math.log10(largest)) if largest else 0)
    return f"{lead.value:+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})"
