"""Runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ganvas.training.run import Run


def runs_in(place: Path) -> list[Run]:
    """Every run directory in ``place`` (or ``place`` itself), by name."""
    return [Run(file.parent) for file in sorted([*place.glob("recipe.json"), *place.glob("*/recipe.json")])]


def summaries(place: Path) -> list[dict[str, Any]]:
    """One row a run; what is not known is None."""
    return [_summary(run) for run in runs_in(place)]


def differing_fields(place: Path) -> list[dict[str, Any]]:
    """One row a run with the recipe fields in which the runs differ."""
    flat = {run.path.name: _flat(run.read_json("recipe.json")) for run in runs_in(place)}
    fields = list(dict.fromkeys(field for fields in flat.values() for field in fields))
    differing = [f for f in fields if len({repr(recipe.get(f)) for recipe in flat.values()}) > 1]
    return [{"run": name, **{f: recipe.get(f) for f in differing}} for name, recipe in flat.items()]


def _summary(run: Run) -> dict[str, Any]:
    last = ([{}, *run.stats()])[-1]
    recipe = run.read_json("recipe.json")
    measures = {
        f"{m['name']} ({m['protocol'].get('extractor', '')})": round(m["value"], 4)
        for m in run.read_json("metrics.json").get("measurements", [])
        if m.get("headline") and m.get("value") is not None
    }
    return {
        "run": run.path.name,
        "recipe": recipe.get("name"),
        "images": last.get("images", 0),
        "of": recipe.get("images"),
        "minutes": round(last.get("seconds", 0.0) / 60, 1),
        "images_per_second": last.get("images_per_second"),
        "discriminator_loss": _rounded(last.get("discriminator/adversarial")),
        "generator_loss": _rounded(last.get("generator/adversarial")),
        **measures,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        return {k: v for key, child in value.items() for k, v in _flat(child, f"{path}.{key}".lstrip(".")).items()}
    return {path: value}
