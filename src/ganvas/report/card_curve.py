"""The truncation curve as lines in a drawing of fixed size."""

from __future__ import annotations

from dataclasses import dataclass

from ganvas.evaluate.evidence import Evidence

WIDTH, HEIGHT = 640, 240
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 10, 34
NAMES = ("precision", "recall", "density", "coverage")


@dataclass(frozen=True)
class Line:
    """Points as SVG writes them, and the numbers they stand for."""

    name: str
    points: str
    dots: list[tuple[float, float]]
    values: list[float]


@dataclass(frozen=True)
class Curve:
    """Lines, ticks of both axes as (place, number), and how it was measured."""

    lines: list[Line]
    across: list[tuple[float, float]]
    upwards: list[tuple[float, float]]
    protocol: str
    width: int = WIDTH
    height: int = HEIGHT


def curve_of(evidence: Evidence) -> Curve | None:
    """Scores against truncation; None where there is no curve."""
    rows = sorted(evidence.truncation, key=lambda row: row.tau)
    if len(rows) < 2:
        return None
    top = max(1.0, *(row.scores[name] for row in rows for name in NAMES))
    first, last = rows[0].tau, rows[-1].tau

    def x(tau: float) -> float:
        return round(LEFT + (tau - first) / (last - first) * (WIDTH - LEFT - RIGHT), 1)

    def y(score: float) -> float:
        return round(HEIGHT - BOTTOM - score / top * (HEIGHT - BOTTOM - TOP), 1)

    def line(name: str) -> Line:
        dots = [(x(row.tau), y(row.scores[name])) for row in rows]
        values = [row.scores[name] for row in rows]
        return Line(name, " ".join(f"{a},{b}" for a, b in dots), dots, values)

    step = 0.5 if top <= 3 else float(round(top / 4))
    ticks = [i * step for i in range(int(top / step) + 1)]
    return Curve(
        lines=[line(name) for name in NAMES],
        across=[(x(row.tau), row.tau) for row in rows],
        upwards=[(y(tick), tick) for tick in ticks],
        protocol=evidence.truncation_protocol,
    )
