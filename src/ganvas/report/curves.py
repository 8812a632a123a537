"""The curves of a run: which go into one panel, in which unit, and thinned so that the page stays light."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ganvas.report.held_out import HeldOut
from ganvas.report.names import called
from ganvas.report.record import is_number
from ganvas.report.thinning import evenly, extremes

MOST_POINTS = 2000  # per curve: more than twice the pixels a chart is wide


@dataclass(frozen=True)
class Kind:
    """One kind of panel: the keys it takes (the group ``name`` is what `called` names), its unit, its first scale."""

    title: str
    unit: str
    keys: re.Pattern[str]
    log: bool = False
    zero: bool = False


@dataclass(frozen=True)
class Series:
    """One curve: images seen against value, ``None`` where there is a gap."""

    name: str
    x: list[float]
    y: list[float | None]


@dataclass(frozen=True)
class Reference:
    """What a curve is held against: the same number of something that anybody can have."""

    name: str
    series: str
    y: float


@dataclass(frozen=True)
class Panel:
    """Curves in one unit.

    ``positive``: a logarithmic axis is possible; ``log``: it is the one to begin with; ``zero``: a linear one holds 0.
    """

    title: str
    unit: str
    log: bool
    positive: bool
    zero: bool
    series: list[Series]
    references: list[Reference]
    best: int | None
    """Images seen by the snapshot that did best in these curves, or None."""


# In the order of the page; a key, marked with whose it is (`_marked`), goes into the first panel that takes it.
KINDS = (
    Kind("Held-out pictures: LPIPS", "0 is equal; lower is better", re.compile(r"\w*:validation/(?P<name>lpips)")),
    Kind("Held-out pictures: PSNR", "dB; higher is better", re.compile(r"\w*:validation/(?P<name>.*psnr.*_db)")),
    Kind("Held-out pictures: SSIM", "1 is equal; higher is better", re.compile(r"\w*:validation/(?P<name>ssim)")),
    Kind("Held-out pictures: ℓ1", "of a span of 2; lower is better", re.compile(r"\w*:validation/(?P<name>l1)")),
    Kind("Held-out pictures: other scores", "0 is as real pictures are", re.compile(r"\w*:validation/(?P<name>.+)")),
    Kind("Losses", "mean loss per sample, unweighted", re.compile(r"player:(?P<name>[^/]+/(?!.*_logits$).+)")),
    Kind("Discriminator’s scores", "mean logit", re.compile(r"player:(?P<name>.+_logits)")),
    Kind("Gradient norms", "Euclidean norm of the gradient", re.compile(r"gradient:(?P<name>.+)"), log=True),
    Kind(
        "What the watch sees",
        "1 is as real pictures are; overfitting: 0 is none",
        re.compile(r"\w*:watch/(?P<name>(?!pull$).+)"),
        zero=True,
    ),
    Kind(
        "Pairs that are trained on, and unseen ones",
        "mean ℓ1 to the truth; one rising while the other falls is learning by heart",
        re.compile(r"\w*:pairs/(?P<name>.+)"),
    ),
    Kind(
        "Grid of 2 or 4 px",
        "how far it stands out in translations; about 1 is none",
        re.compile(r"\w*:grid/(?P<name>.+)"),
        log=True,
    ),
    Kind("Pull on the generator", "about 1 where it can learn", re.compile(r"\w*:watch/(?P<name>pull)"), log=True),
    Kind(
        "Speed",
        "images per second, with all that is done on the way",
        re.compile(r":(?P<name>images_per_second)"),
        zero=True,
    ),
    Kind("Other readings", "as reported", re.compile(r"\w*:(?P<name>.*)", re.DOTALL)),
)
NOT_CURVES = {"images", "seconds", "alarms"}


def panels_of(ticks: list[dict[str, Any]], held_out: HeldOut | None = None) -> list[Panel]:
    """Sort every numeric key of ``stats.jsonl`` into panels, in the order in which the keys first appear."""
    keys = list(dict.fromkeys(key for tick in ticks for key in tick if key not in NOT_CURVES))
    players = {_mover(key) for key in keys} - {""}
    grouped: dict[Kind, list[Series]] = {kind: [] for kind in KINDS}
    references: dict[Kind, list[Reference]] = {kind: [] for kind in KINDS}
    for key in keys:
        kind, name = _kind_of(_marked(key, players))
        series = _series(called(name), key, ticks)
        if any(y is not None for y in series.y):
            grouped[kind].append(series)
            if held_out and held_out.baseline and key in held_out.references:
                references[kind].append(Reference(held_out.baseline, series.name, held_out.references[key]))
    best = {kind: held_out.best if held_out and "validation/" in kind.keys.pattern else None for kind in KINDS}
    return [_panel(kind, series, references[kind], best[kind]) for kind, series in grouped.items() if series]


def positions_of(ticks: list[dict[str, Any]], sheets: list[int]) -> list[int]:
    """Images seen at every place the slider can stand: the ticks (thinned), and every sheet."""
    return sorted({ticks[i]["images"] for i in evenly(len(ticks), MOST_POINTS)} | set(sheets))


def alarms_of(ticks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each alarm once: its text, the images seen when it first and last rang, at how many ticks it did, and as far as
    it says them its evidence (in words) and what to try."""
    alarms: dict[str, dict[str, Any]] = {}
    for tick in ticks:
        rung = tick.get("alarms") or []
        for alarm in rung if isinstance(rung, list) else [rung]:
            said = alarm if isinstance(alarm, dict) else {"text": alarm}
            text = str(said.get("words") or said.get("text") or said.get("message") or alarm)
            more = {"evidence": _in_words(said.get("evidence")), "suggestion": str(said.get("suggestion") or "")}
            seen = alarms.setdefault(text, {"text": text, "first": tick["images"], "ticks": 0, **more})
            seen["last"] = tick["images"]
            seen["ticks"] += 1
    return list(alarms.values())


def _in_words(evidence: Any) -> str:
    """Numbers and names in one line."""
    if not isinstance(evidence, dict):
        return str(evidence or "")
    return ", ".join(f"{str(name).replace('_', ' ')} {_short(value)}" for name, value in evidence.items())


def _short(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(_short, value))
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _mover(key: str) -> str:
    """The player whose gradient norm a key holds, written either way round; else ''."""
    is_norm = key.startswith("gradient_norm/") or key.endswith("/gradient_norm")
    return key.removeprefix("gradient_norm/").removesuffix("/gradient_norm") if is_norm else ""


def _marked(key: str, players: set[str]) -> str:
    """The key with what is known of it in front: ``gradient:``, ``player:`` or nothing (``:``)."""
    if mover := _mover(key):
        return f"gradient:{mover}"
    first, slash, _ = key.partition("/")
    return f"player:{key}" if slash and (first in players or not players) else f":{key}"


def _kind_of(marked: str) -> tuple[Kind, str]:
    return next((kind, match["name"]) for kind in KINDS if (match := kind.keys.fullmatch(marked)))


def _series(name: str, key: str, ticks: list[dict[str, Any]]) -> Series:
    rows = [tick for tick in ticks if key in tick]
    values = [float(f"{row[key]:.6g}") if is_number(row[key]) else None for row in rows]
    kept = extremes(values, MOST_POINTS)
    return Series(name, [rows[i]["images"] for i in kept], [values[i] for i in kept])


def _panel(kind: Kind, series: list[Series], references: list[Reference], best: int | None) -> Panel:
    positive = all(y is None or y > 0 for curve in series for y in curve.y)
    positive = positive and all(reference.y > 0 for reference in references)
    game_first = sorted(series, key=lambda curve: not curve.name.endswith(": adversarial"))
    return Panel(kind.title, kind.unit, kind.log and positive, positive, kind.zero, game_first, references, best)
