"""Generated pictures, wherever they come from, against real ones: features, then distances, then classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.evaluate.card import ClassRow, Measurement
from ganvas.evaluate.classes import Opinions, class_rows, measure_classes
from ganvas.evaluate.distances import measure_distances
from ganvas.evaluate.extractor import Extractor, Material, OnProgress, UnsuitableError
from ganvas.evaluate.extractors import extractor_factory
from ganvas.evaluate.features_cache import keep_features, load_features, rows_key
from ganvas.evaluate.judge import Judge
from ganvas.evaluate.sets import Pictures, split
from ganvas.space import Classes

CHUNK = 256
"""Pictures that are made and looked at together."""


@dataclass(frozen=True)
class Fakes:
    """Pictures in chunks of uint8 (≤ CHUNK, C, H, W), ``count`` in all, and the classes asked for (count,).

    ``key`` names just these pictures; without one their features are not kept. Where all of them are, ``chunks`` is not
    even begun.
    """

    chunks: Iterable[Tensor]
    count: int
    asked: Tensor | None = None
    key: str | None = None


@dataclass(frozen=True)
class Findings:
    """What a card is made of."""

    measurements: tuple[Measurement, ...] = ()
    notes: tuple[str, ...] = ()
    classes: tuple[ClassRow, ...] = ()
    judge_accuracy: float | None = None


def compare(
    real: Pictures, fakes: Fakes, names: Sequence[str], seed: int, device: torch.device, on_progress: OnProgress
) -> Findings:
    """All distances in all the extractors' features and, where one of them is a judge, the classes.

    Raises:
        GanvasError: too few pictures, an unknown extractor, or none that suits these data.
    """
    parts = split(real, fakes.count, seed)
    material = Material(
        real.images, real.labels, real.space, parts.known, parts.unseen, seed, device, on_progress, real.fingerprint
    )
    extractors, notes = _suitable(names, material)
    sides = {
        "real pictures": rows_of(real, parts.real),
        "unseen real pictures": rows_of(real, parts.unseen),
        "generated pictures": fakes,
    }
    features = [_features(extractors, what, side, on_progress) for what, side in sides.items()]
    keys = [side.key for side in sides.values()]
    findings = Findings(notes=tuple(notes))
    for done, (extractor, known, unseen, fake) in enumerate(zip(extractors, *features, strict=True)):
        on_progress("measuring distances", done, len(extractors))
        distances = measure_distances(extractor, known, unseen, fake[: len(known)], seed, keys)
        findings = replace(findings, measurements=(*findings.measurements, *distances))
        if isinstance(extractor, Judge) and real.labels is not None:
            labels = torch.from_numpy(real.labels)
            judged = (extractor.classify(unseen), fakes.asked, extractor.classify(fake))
            opinions = Opinions(labels[parts.real], labels[parts.unseen], *judged)
            findings = _with_classes(findings, extractor, opinions, real, seed)
    on_progress("measuring distances", len(extractors), len(extractors))
    return findings


def _with_classes(findings: Findings, judge: Judge, opinions: Opinions, real: Pictures, seed: int) -> Findings:
    condition = real.space.condition
    names = condition.names if isinstance(condition, Classes) else tuple(map(str, range(judge.head.out_features)))
    return replace(
        findings,
        measurements=(*findings.measurements, *measure_classes(judge, opinions, seed)),
        classes=class_rows(names, opinions),
        judge_accuracy=judge.accuracy,
    )


def rows_of(pictures: Pictures, rows: np.ndarray) -> Fakes:
    """Those rows of a set."""
    return Fakes(chunks(pictures.images, rows), len(rows), key=rows_key(pictures.fingerprint, rows))


def chunks(images: np.ndarray, rows: np.ndarray) -> Iterator[Tensor]:
    """Those rows of (N, C, H, W) in chunks of uint8 (≤ CHUNK, C, H, W)."""
    for start in range(0, len(rows), CHUNK):
        yield torch.from_numpy(np.array(images[rows[start : start + CHUNK]]))


def _suitable(names: Sequence[str], material: Material) -> tuple[list[Extractor], list[str]]:
    """The extractors that can be made, and a note on each that cannot."""
    made: list[Extractor] = []
    notes: list[str] = []
    for make in [extractor_factory(name) for name in dict.fromkeys(names)]:  # a mistyped name is told before any work
        try:
            made.append(make(material))
        except UnsuitableError as error:
            notes.append(f"n/a: {error}")
    if not made:
        raise GanvasError("no extractor is left to measure with" + "".join(f"; {note}" for note in notes))
    return made, notes


def _features(extractors: Sequence[Extractor], what: str, side: Fakes, on_progress: OnProgress) -> list[Tensor]:
    """Features (count, d) of each extractor, kept ones where there are; for the others the pictures pass by once."""
    kept = [load_features(side.key, extractor) if side.key else None for extractor in extractors]
    missing = [extractor for extractor, features in zip(extractors, kept, strict=True) if features is None]
    fresh = iter(_looked_at(missing, what, side, on_progress) if missing else [])
    return [features if features is not None else next(fresh) for features in kept]


@torch.no_grad()
def _looked_at(extractors: Sequence[Extractor], what: str, side: Fakes, on_progress: OnProgress) -> list[Tensor]:
    """Features (count, d) of each extractor; the pictures pass by once and are not kept, but their features are."""
    rows: list[list[Tensor]] = [[] for _ in extractors]
    done = 0
    for images in side.chunks:
        for some, extractor in zip(rows, extractors, strict=True):
            some.append(extractor(images))
        done += len(images)
        on_progress(f"looking at {what}", done, side.count)
    features = [torch.cat(some) for some in rows]
    for extractor, found in zip(extractors, features, strict=True):
        if side.key:
            keep_features(side.key, extractor, found)
    return features
