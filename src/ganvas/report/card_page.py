"""A report card as one self-contained HTML page: numbers, verdicts, and the pictures that they rest on.

Like the page of a run it asks for nothing outside itself and runs no script; all that comes from data is text to be
escaped.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from markupsafe import Markup

from ganvas import __version__
from ganvas.evaluate.card import Card
from ganvas.evaluate.evidence import Evidence, Sheet
from ganvas.evaluate.properties import SECTIONS, Property
from ganvas.files import write_text
from ganvas.images import grid, to_picture
from ganvas.report.card_curve import Curve, curve_of
from ganvas.report.card_numbers import Row, rows_of
from ganvas.report.card_words import Said, said_of
from ganvas.report.page import environment, own

CELL = 56
"""About how wide a picture is shown, in CSS pixels: small ones are enlarged by a whole number."""
GAP = 2
FAMILY_NAMES = {"gan": "GANs", "vae": "VAEs", "flow": "flows", "diffusion": "diffusion models"}
MARKS = {"yes": "✓ yes", "no": "✗ no", "?": "? open", "n/a": "n/a"}


@dataclass(frozen=True)
class Strip:
    """One image with its PNG in base64, its shown size in CSS pixels, and what its row is called."""

    png: str
    width: int
    height: int
    label: str


@dataclass(frozen=True)
class Figure:
    """A sheet as it stands on the page."""

    title: str
    caption: str
    strips: list[Strip]


@dataclass(frozen=True)
class Section:
    """A property as it stands on the page."""

    property: Property
    mark: str | None
    said: Said | None
    rows: list[Row]
    more: list[Row]
    figures: list[Figure]
    curve: Curve | None


def write_card(path: Path, card: Card, evidence: Evidence | None, of: str) -> Path:
    """Write the page of a card of ``of`` and return where it is.

    Raises:
        GanvasError: it cannot be written.
    """
    write_text(path, render_card(card, evidence, of))
    return path


def render_card(card: Card, evidence: Evidence | None, of: str) -> str:
    """The page as HTML."""
    overall, said = said_of(card)
    sections = [_section(card, evidence, part, said.get(part.key)) for part in SECTIONS]
    eyes = card.find("precision", card.eyes)
    return (
        environment()
        .from_string(own("card.html.j2"))
        .render(
            style=Markup(own("page.css") + own("card.css")),
            card=card,
            overall=overall,
            of=of,
            version=__version__,
            family=FAMILY_NAMES.get(card.family or ""),
            protocol=str(eyes.protocol.but(k=None, detail=None)) if eyes else None,
            sections=[section for section in sections if section.rows or section.figures],
            notes=[*card.notes, *(evidence.notes if evidence else ())],
        )
    )


def _section(card: Card, evidence: Evidence | None, part: Property, said: Said | None) -> Section:
    found = card.section(part.key)
    main = [m for m in found if m.name in part.primary and m.headline and card.leads(m)]
    sheets = [sheet for sheet in evidence.sheets if sheet.section == part.key] if evidence else []
    mark = part.marks.get(card.family) if card.family else None
    return Section(
        property=part,
        mark=MARKS[mark] if mark else None,
        said=said,
        rows=rows_of(main),
        more=rows_of([m for m in found if m not in main], with_extractor=True),
        figures=[_figure(sheet) for sheet in sheets],
        curve=curve_of(evidence) if evidence and part.key == "coverage" else None,
    )


def _figure(sheet: Sheet) -> Figure:
    rows = np.split(sheet.images, len(sheet.images) // sheet.columns) if sheet.rows else [sheet.images]
    labels = sheet.rows or ("",)
    return Figure(sheet.title, sheet.caption, [_strip(*row, sheet.columns) for row in zip(rows, labels, strict=True)])


def _strip(images: np.ndarray, label: str, columns: int) -> Strip:
    """What lies between the pictures is transparent, so that it is right on light and on dark paper."""
    pixels = np.stack([np.asarray(to_picture(image).convert("RGBA")) for image in images]).transpose(0, 3, 1, 2)
    times = max(1, round(CELL / images.shape[3]))
    sheet = grid(pixels, columns, gap=GAP, background=0)
    written = io.BytesIO()
    to_picture(sheet).save(written, format="PNG", optimize=True)
    png = base64.b64encode(written.getvalue()).decode("ascii")
    return Strip(png, sheet.shape[2] * times, sheet.shape[1] * times, label)
