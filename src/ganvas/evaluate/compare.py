"""Generated pictures, wherever they come from, against real ones: features, then distances, then classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.evaluate.card import ClassRow, Measurement, sharpness
from ganvas.evaluate.classes import Opinions, class_rows, measure_classes
from ganvas.evaluate.closer import measure_closer
from ganvas.evaluate.distances import measure_distances, protocol_of
from ganvas.evaluate.extractor import Extractor, Material, OnProgress, UnsuitableError
from ganvas.evaluate.extractors import extractor_factory
from ganvas.evaluate.judge import Judge
from ganvas.evaluate.looking import Fakes, features_of, rows_of
from ganvas.evaluate.sets import Pictures, Split, split
from ganvas.space import Classes


@dataclass(frozen=True)
class Seen:
    """Features (N, d), by the best eyes, of real, unseen real and generated pictures, and which real ones those are."""

    extractor: Extractor
    parts: Split
    real: Tensor
    unseen: Tensor
    fake: Tensor
    judge: Judge | None
    keys: tuple[str | None, ...]
    """Of the three sets of pictures."""


@dataclass(frozen=True)
class Findings:
    """What a card is made of."""

    measurements: tuple[Measurement, ...] = ()
    notes: tuple[str, ...] = ()
    classes: tuple[ClassRow, ...] = ()
    judge_accuracy: float | None = None
    seen: Seen | None = None
    """What else can be measured on, or shown."""


def compare(
    real: Pictures,
    fakes: Fakes,
    names: Sequence[str],
    seed: int,
    device: torch.device,
    on_progress: OnProgress,
    *,
    part: str = "real",
    thorough: bool = True,
) -> Findings:
    """All distances in all the extractors' features, more in those of the best eyes (if ``thorough``) and, where one of
    them is a judge, the classes. ``part`` says in a word which real pictures these are.

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
    features = [features_of(extractors, what, side, on_progress) for what, side in sides.items()]
    keys = tuple(side.key for side in sides.values())
    best = min(extractors, key=lambda extractor: sharpness(extractor.name))
    judge = next((extractor for extractor in extractors if isinstance(extractor, Judge)), None)
    findings = Findings(notes=tuple(notes))
    for done, (extractor, known, unseen, fake) in enumerate(zip(extractors, *features, strict=True)):
        on_progress("measuring distances", done, len(extractors))
        matched = fake[: len(known)]
        measured = measure_distances(extractor, known, unseen, matched, seed, keys, part)
        findings = _with(findings, measured.measurements)
        if extractor is judge and real.labels is not None:
            labels = torch.from_numpy(real.labels)
            opinions = Opinions(
                real=labels[parts.real],
                unseen=labels[parts.unseen],
                unseen_judged=judge.classify(unseen),
                asked=fakes.asked,
                fake_judged=judge.classify(fake),
                recalled=measured.recalled,
                reference_recalled=measured.reference_recalled,
            )
            findings = _with_classes(findings, judge, opinions, real, seed, part)
        if extractor is best:
            findings = replace(findings, seen=Seen(extractor, parts, known, unseen, fake, judge, keys))
        if thorough:
            protocol = protocol_of(extractor, len(known), len(matched), seed, part)
            closer = measure_closer(protocol, known, unseen, matched, keys, on_progress, extractor is best)
            findings = _with(findings, closer)
    on_progress("measuring distances", len(extractors), len(extractors))
    return findings


def _with(findings: Findings, measurements: Sequence[Measurement]) -> Findings:
    return replace(findings, measurements=(*findings.measurements, *measurements))


def _with_classes(
    findings: Findings, judge: Judge, opinions: Opinions, real: Pictures, seed: int, part: str
) -> Findings:
    condition = real.space.condition
    names = condition.names if isinstance(condition, Classes) else tuple(map(str, range(judge.head.out_features)))
    return replace(
        _with(findings, measure_classes(judge, opinions, seed, part)),
        classes=class_rows(names, opinions),
        judge_accuracy=judge.accuracy,
    )


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
