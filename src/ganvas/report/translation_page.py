"""The scores of translations as one self-contained HTML page: the tables, and the best and worst pictures behind them.

Like all pages here it asks for nothing outside itself and runs no script; all that comes from data is text to be
escaped.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from markupsafe import Markup

from ganvas import __version__
from ganvas.evaluate.translation.cases import Figure
from ganvas.evaluate.translation.scorecard import COLUMNS, Cell, ScoreCard, WayScores, said_of
from ganvas.files import write_text
from ganvas.images import to_picture
from ganvas.report.page import environment, own

SHOWN = 128
"""About how wide a picture is shown, in CSS pixels: small ones are enlarged by a whole number."""


@dataclass(frozen=True)
class Shown:
    """A PNG in base64 and its shown size in CSS pixels."""

    png: str
    width: int
    height: int


def write_scores(path: Path, card: ScoreCard, figures: Sequence[Figure], of: str) -> Path:
    """Write the page and return where it is.

    Raises:
        GanvasError: it cannot be written.
    """
    write_text(path, render_scores(card, figures, of))
    return path


def render_scores(card: ScoreCard, figures: Sequence[Figure], of: str) -> str:
    """The page as HTML."""
    return (
        environment()
        .from_string(own("translation.html.j2"))
        .render(
            style=Markup(own("page.css") + own("card.css") + own("translation.css")),
            card=card,
            of=of,
            version=__version__,
            columns=COLUMNS,
            said={id(way): said_of(way) for way in card.ways},
            reasons={id(way): _reasons(way) for way in card.ways},
            best={id(way): _best(way) for way in card.ways},
            identity=id,
            written=_written,
            figures=figures,
            shown=_shown,
        )
    )


def _written(key: str, cell: Cell | None) -> tuple[str, str]:
    """(value, interval) as text."""
    if cell is None:
        return "–", ""
    if cell.value is None:
        return "n/a", ""
    digits = COLUMNS[key].digits
    interval = f"{cell.interval[0]:.{digits}f} to {cell.interval[1]:.{digits}f}" if cell.interval else ""
    return f"{cell.value:.{digits}f}".replace("-", "−"), interval.replace("-", "−")


def _best(way: WayScores) -> dict[str, float]:
    """The best value of every column, real pictures aside."""
    best = {}
    for key in way.columns:
        values = [
            cell.value
            for row in way.rows
            if row.kind != "real" and (cell := row.cells.get(key)) is not None and cell.value is not None
        ]
        if len(values) > 1:
            best[key] = max(values) if COLUMNS[key].better == "higher" else min(values)
    return best


def _reasons(way: WayScores) -> list[str]:
    why = (f"{COLUMNS[key].title}: {cell.why}" for row in way.rows for key, cell in row.cells.items() if cell.why)
    return list(dict.fromkeys(why))


def _shown(image: np.ndarray) -> Shown:
    """uint8 (1 | 3, H, W)."""
    written = io.BytesIO()
    to_picture(image).save(written, format="PNG", optimize=True)
    times = max(1, round(SHOWN / image.shape[2]))
    return Shown(base64.b64encode(written.getvalue()).decode("ascii"), image.shape[2] * times, image.shape[1] * times)
