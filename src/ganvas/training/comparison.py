"""Runs side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganvas.training.run import Run

SELF_EVIDENT = ("kind", "name", "paper", "images", "horizon")
"""Fields of a recipe that what it does, its name or its results tell."""
LOSSES = ("discriminator_loss", "generator_loss")
"""Numbers that say something of runs with the same loss only."""
SCHEDULE = frozenset({"start", "end", "shape"})


@dataclass(frozen=True)
class Comparison:
    """Runs that do the same. ``recipe`` holds the fields in which their recipes differ, ``results`` what came of them:
    a value a run, None where a run has none."""

    kind: str
    runs: list[str]
    recipe: dict[str, list[Any]]
    results: dict[str, list[Any]]


def runs_in(place: Path) -> list[Run]:
    """Every run directory in ``place`` (or ``place`` itself), by name."""
    return [Run(file.parent) for file in sorted([*place.glob("recipe.json"), *place.glob("*/recipe.json")])]


def summaries(place: Path) -> list[dict[str, Any]]:
    """One row a run; what is not known is None. ``images_per_second`` is the mean over the whole run with all that it
    did on the way: a tick's own would hang on whether a validation or a sheet fell into it."""
    return [_summary(run) for run in runs_in(place)]


def comparisons(place: Path) -> list[Comparison]:
    """The runs in ``place``, those that do the same side by side: others cannot be compared."""
    kinds: dict[str, list[Run]] = {}
    for run in runs_in(place):
        kinds.setdefault(kind_of(run.read_json("recipe.json")), []).append(run)
    return [_compared(kind, runs) for kind, runs in kinds.items()]


def kind_of(recipe: Mapping[str, Any]) -> str:
    """What a run of this recipe does, in words."""
    space = recipe.get("space") or {}
    source = space.get("source")
    if not source:
        return "pictures from noise" if recipe.get("kind") == "noise" else str(recipe.get("kind", "of no known kind"))
    if source["height"] < space["height"]:
        return "enlargements"
    return "translations of pairs" if source["paired"] else "translations between two sets"


def differing_fields(recipes: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The fields, as ``--set`` spells them, in which these recipes differ, and what each has there. Of parts of several
    kinds (a unet, a resnet) that is their kind alone, for beneath it there is nothing to compare."""
    flats = [_flat({name: part for name, part in recipe.items() if name not in SELF_EVIDENT}) for recipe in recipes]
    fields = dict.fromkeys(field for flat in flats for field in flat)
    return {field: [flat.get(field) for flat in flats] for field in fields if _differs(field, flats)}


def _differs(field: str, flats: Sequence[Mapping[str, Any]]) -> bool:
    names = field.split(".")
    for part in (".".join(names[:length]) for length in range(1, len(names))):
        kinds = {flat[part] for flat in flats if flat.get(part) is not None}
        if len(kinds) > 1:
            return False
        flats = [flat for flat in flats if flat.get(part) is not None] if kinds else flats
    return len({repr(flat.get(field)) for flat in flats}) > 1


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    """Path → value. A part with a kind has that at its own path, unless it is called by it (``penalties.r1``)."""
    if not isinstance(value, dict) or value.keys() >= SCHEDULE:
        return {path: value}
    kind = value.get("kind")
    flat = {path: kind} if kind not in (None, path.rpartition(".")[2]) else {}
    for name, child in value.items():
        if name != "kind":
            flat |= _flat(child, f"{path}.{name}".lstrip("."))
    return flat


def _compared(kind: str, runs: Sequence[Run]) -> Comparison:
    recipe = differing_fields([run.read_json("recipe.json") for run in runs])
    rows = [{**_summary(run), **_validated(run)} for run in runs]
    results: dict[str, list[Any]]
    results = {name: [row.get(name) for row in rows] for name in dict.fromkeys(name for row in rows for name in row)}
    unlike = LOSSES if "loss" in recipe else ()
    told = {name: values for name, values in results.items() if name not in unlike and set(values) != {None}}
    return Comparison(kind, told.pop("run"), recipe, told)


def _summary(run: Run) -> dict[str, Any]:
    last = ([{}, *run.stats()])[-1]
    recipe = run.read_json("recipe.json")
    images, seconds = last.get("images", 0), last.get("seconds", 0.0)
    measures = {
        f"{m['name']} ({m['protocol'].get('extractor', '')})": round(m["value"], 4)
        for m in run.read_json("metrics.json").get("measurements", [])
        if m.get("headline") and m.get("value") is not None
    }
    return {
        "run": run.path.resolve().name,
        "recipe": recipe.get("name"),
        "images": images,
        "of": recipe.get("images"),
        "minutes": round(seconds / 60, 1),
        "images_per_second": _rounded(images / seconds) if seconds else None,
        "discriminator_loss": _rounded(last.get("discriminator/adversarial")),
        "generator_loss": _rounded(last.get("generator/adversarial")),
        **measures,
    }


def _validated(run: Run) -> dict[str, Any]:
    """What held-out pictures said of a translation: of its best and last networks, and of what anybody can have."""
    told = run.read_json("validation.json")
    of = {which: told.get(which) or {} for which in ("baseline", "best", "last")}
    scores = {
        f"validation_{score}_{which}": _rounded(each.get("numbers", {}).get(score))
        for score in told.get("scores", {})
        for which, each in of.items()
    }
    return {
        "validation_windows": told.get("windows") or None,
        "validation_baseline": of["baseline"].get("name"),
        "validation_best_by": of["best"].get("by"),
        "validation_best_images": of["best"].get("images"),
        **scores,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
