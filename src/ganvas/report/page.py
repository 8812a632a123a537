"""One self-contained HTML page out of a run directory.

The page asks for nothing outside itself: style, script and pictures lie inside, a content security policy forbids the
rest, and only the script of this package (by its hash) may run. All that comes from the run is text to be escaped.
"""

from __future__ import annotations

import base64
import hashlib
import shlex
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from ganvas import __version__
from ganvas.files import write_text
from ganvas.report import tables
from ganvas.report.columns import blocks_of, columns_of
from ganvas.report.curves import MOST_POINTS, alarms_of, panels_of, positions_of
from ganvas.report.held_out import HeldOut, read_held_out
from ganvas.report.record import Record, is_number, read_record
from ganvas.report.scores import read_scores
from ganvas.report.sheets import Sheet, embed

HERO_PIXELS = 740  # the widest that the final samples are drawn; the sheets beside the curves are narrower
HERO_HEIGHT = 720  # the tallest that those of a translation are: beside them stand a few lines
BLOCK_PIXELS = 400  # the widest that each of two blocks of rows is
SHEET_PIXELS = 600
CARD_PAGE = "card.html"
"""The page of the last evaluation's card, beside the report."""


def write_report(run: Path) -> Path:
    """Write ``report.html`` into a run directory and return its path.

    Reads recipe.json, and as far as they exist stats.jsonl, samples/<images>.png, metrics.json, data.json, scores.json,
    validation.json, validation/ and command.txt. Long runs are thinned
    (`MOST_POINTS` per curve, `MOST_SHEETS` sheets), and the page says so.

    Raises:
        GanvasError: there is no readable recipe.json in ``run``, or the page cannot be written.
    """
    report = run / "report.html"
    write_text(report, render(read_record(run)))
    return report


def render(record: Record) -> str:
    """The page as HTML."""
    script = own("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    page = environment().from_string(own("page.html.j2"))
    return page.render(script=Markup(script), script_hash=digest, style=Markup(own("page.css")), **_content(record))


def _content(record: Record) -> dict[str, Any]:
    notes = list(record.notes)
    sheets = embed(record.sheets, notes)
    held_out = read_held_out(record.path, notes)
    panels = panels_of(record.ticks, held_out)
    last = sheets[-1] if sheets else None
    columns = columns_of((last.width, last.height), record.recipe.get("space")) if last else None
    blocks = blocks_of(last, record.sheets[last.images], columns) if last else []
    made = "translated" if _source_of(record.recipe) else "generated"
    alarms = alarms_of(record.ticks)
    scores = read_scores(record.scores)
    groups = tables.groups_of(record.metrics)
    if len(record.ticks) > MOST_POINTS:
        notes.append(
            f"Curves hold at most {MOST_POINTS:,} points of {len(record.ticks):,} ticks; "
            "each stretch keeps its smallest and its largest value."
        )
    drawn = {
        "positions": positions_of(record.ticks, [sheet.images for sheet in sheets]),
        "sheets": [{"images": sheet.images, "url": sheet.url} for sheet in sheets],
        "panels": [asdict(panel) for panel in panels],
        "alarms": [alarm["first"] for alarm in alarms],
        "scores": asdict(scores) if scores else None,
        "made": made,
    }
    return {
        "record": record,
        "version": __version__,
        "run_facts": _facts(record, held_out),
        "made": made,
        "held_out": held_out,
        "last": last,
        "headings": columns.headings if columns else (),
        "blocks": blocks,
        "sheets": sheets,
        "hero_width": _hero_width(blocks, bool(columns)) if blocks else 0,
        "sheet_width": _shown_width(last, SHEET_PIXELS) if last else 0,
        "panels": panels,
        "alarms": alarms,
        "scores": scores,
        "groups": groups,
        "card_page": (record.path / CARD_PAGE).exists(),
        "any_minor": any(row["minor"] for group in groups for row in group.rows),
        "measured": tables.rest_of(record.metrics),
        "data": tables.describe(record.data),
        "onward": _onward(record),
        "notes": notes,
        "drawn": drawn,
    }


def _facts(record: Record, held_out: HeldOut | None) -> list[tuple[str, str]]:
    recipe = record.recipe
    planned = recipe.get("images")
    seen = tables.number(record.images) + (f" of {tables.number(planned)}" if is_number(planned) else "")
    facts = [("Recipe", recipe.get("name")), ("Paper", recipe.get("paper")), ("Images seen", seen)]
    if record.seconds:
        speed = f"{tables.number(record.images / record.seconds)} images/s"
        facts += [("Time", tables.duration(record.seconds)), ("Speed, mean", speed)]
    facts += [("Data", _source(recipe)), ("Pictures", _pictures(recipe.get("space")))]
    if held_out:
        facts += [("Best so far", _best(held_out))]
    return [(name, str(value)) for name, value in facts if value]


def _source(recipe: dict[str, Any]) -> str:
    data = recipe.get("data")
    return str((data.get("source") if isinstance(data, dict) else data) or "")


def _best(held_out: HeldOut) -> str:
    """What chose the best snapshot, its number, and what there is to beat."""
    row = held_out.decides
    if row is None or held_out.best is None:
        return ""
    found = f"{row.words} {tables.number(row.best)} {row.unit}".rstrip() + f" at {held_out.best:,} images"
    if row.baseline is None:
        return found
    beats = "still no better than" if held_out.worse else "better than"
    return f"{found}: {beats} {held_out.baseline}, {tables.number(row.baseline)}"


def _source_of(recipe: dict[str, Any]) -> dict[str, Any]:
    """What pictures are translated from; empty where they are made of noise."""
    space = recipe.get("space")
    source = space.get("source") if isinstance(space, dict) else None
    return source if isinstance(source, dict) else {}


def _pictures(space: Any) -> str:
    if not isinstance(space, dict) or not {"height", "width"} <= space.keys():
        return ""
    condition, source = space.get("condition"), space.get("source")
    names = condition.get("names") if isinstance(condition, dict) else None
    text = _sides(space) + (f", {len(names)} classes" if isinstance(names, list) else "")
    if not isinstance(source, dict) or not {"height", "width"} <= source.keys():
        return text
    of = f" ({len(source['names'])} classes)" if source.get("names") else ""
    return f"{text} from {_sides(source)}{of}, {'pairs' if source.get('paired', True) else 'two sets'}"


def _sides(of: dict[str, Any]) -> str:
    return f"{of['height']} × {of['width']}" + (f" × {of['channels']}" if of.get("channels") else "")


def _hero_width(blocks: list[Sheet], translated: bool) -> int:
    if len(blocks) > 1:
        return _shown_width(blocks[0], BLOCK_PIXELS)
    width = min(_shown_width(blocks[0], HERO_PIXELS), HERO_PIXELS)
    return min(width, HERO_HEIGHT * blocks[0].width // blocks[0].height) if translated else width


def _shown_width(sheet: Sheet, most: int) -> int:
    """A whole multiple of the sheet's own width, so that every pixel is equally large; wider sheets are shrunk."""
    return sheet.width * max(1, most // sheet.width)


def _onward(record: Record) -> list[tuple[str, str]]:
    run, source = shlex.quote(str(record.path)), _source(record.recipe)
    data = shlex.quote(source) if source else "DATA"
    name = shlex.quote(str(record.recipe.get("name") or "RECIPE"))
    again = record.command or f"ganvas train {name} --data {data} --out {run}"
    translated = _source_of(record.recipe)
    verb = "upscale" if translated and translated.get("height") != record.recipe["space"].get("height") else "translate"
    use = [
        (f"{verb.capitalize()} pictures of your own", f"ganvas {verb} {run} PICTURES --out translated"),
        ("Measure it on held-out pictures", f"ganvas {verb} {run} {data} --score"),
    ]
    draw = [
        ("Draw new pictures", f"ganvas sample {run} --seeds 0-63 --out grid.png"),
        ("Measure them", f"ganvas evaluate {run} --data {data}"),
    ]
    return [
        *(use if translated else draw),
        ("Resume: the same command again", again),
    ]


def own(name: str) -> str:
    """A file of this package."""
    return files("ganvas.report").joinpath(name).read_text(encoding="utf-8")


def environment() -> Environment:
    """How every page is written: all text escaped, nothing left out silently."""
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    environment.filters |= {"number": tables.number, "plain": tables.plain, "words": tables.words}
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    return environment
