"""Generated pictures, wherever they come from, against real ones: features, then distances, then classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.evaluate.card import JUDGE, ClassRow, Measurement, best_eyes, blindness
from ganvas.evaluate.classes import Opinions, class_rows, measure_classes
from ganvas.evaluate.closer import measure_closer
from ganvas.evaluate.distances import Measured, measure_distances, protocol_of
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
    parts = split(real, fakes.count, seed, lesson=JUDGE in names and real.labels is not None)
    material = Material(
        real.images, real.labels, real.space, parts.lesson, parts.unseen, seed, device, on_progress, real.fingerprint
    )
    extractors, notes = _suitable(names, material)
    sides = {
        "real pictures": rows_of(real, parts.real),
        "unseen real pictures": rows_of(real, parts.unseen),
        "generated pictures": fakes,
    }
    features = [features_of(extractors, what, side, on_progress) for what, side in sides.items()]
    keys = tuple(side.key for side in sides.values())
    looks = [_Look(*look) for look in zip(extractors, *features, strict=True)]
    findings = Findings(notes=tuple(notes))
    for done, look in enumerate(looks):
        on_progress("measuring distances", done, len(looks))
        measured = measure_distances(look.extractor, look.known, look.unseen, look.matched, seed, keys, part)
        findings = _with(findings, measured.measurements)
        if isinstance(look.extractor, Judge) and real.labels is not None:
            findings = _with_classes(findings, look, measured, real, parts, fakes.asked, seed, part)
    on_progress("measuring distances", len(looks), len(looks))
    findings = _with_best_eyes(findings, looks, parts, keys)
    if thorough:
        findings = _with(findings, _closer(looks, findings, seed, keys, part, on_progress))
    return findings


@dataclass(frozen=True)
class _Look:
    """Features (N, d) of the three sides by one extractor."""

    extractor: Extractor
    known: Tensor
    unseen: Tensor
    fake: Tensor

    @property
    def matched(self) -> Tensor:
        """As many generated pictures as real ones, at most."""
        return self.fake[: len(self.known)]


def _with_best_eyes(findings: Findings, looks: Sequence[_Look], parts: Split, keys: tuple[str | None, ...]) -> Findings:
    """And a note, where that is not the judge although there is one."""
    judge = next((look.extractor for look in looks if isinstance(look.extractor, Judge)), None)
    blind = blindness(findings.measurements, findings.judge_accuracy, len(findings.classes)) if judge else None
    name = best_eyes(findings.measurements, blind)
    best = next(look for look in looks if look.extractor.name == name)
    seen = Seen(best.extractor, parts, best.known, best.unseen, best.fake, judge, keys)
    doubt = (f"{JUDGE} features do not lead, as of the judge {blind}; {name} leads",) if blind else ()
    return replace(findings, seen=seen, notes=(*findings.notes, *doubt))


def _closer(
    looks: Sequence[_Look],
    findings: Findings,
    seed: int,
    keys: tuple[str | None, ...],
    part: str,
    on_progress: OnProgress,
) -> list[Measurement]:
    """What takes longer, all of it by the best eyes."""
    found: list[Measurement] = []
    for look in looks:
        protocol = protocol_of(look.extractor, len(look.known), len(look.matched), seed, part)
        best = findings.seen is not None and look.extractor is findings.seen.extractor
        found += measure_closer(protocol, look.known, look.unseen, look.matched, keys, on_progress, best)
    return found


def _with(findings: Findings, measurements: Sequence[Measurement]) -> Findings:
    return replace(findings, measurements=(*findings.measurements, *measurements))


def _with_classes(
    findings: Findings,
    look: _Look,
    measured: Measured,
    real: Pictures,
    parts: Split,
    asked: Tensor | None,
    seed: int,
    part: str,
) -> Findings:
    judge, condition = look.extractor, real.space.condition
    assert isinstance(judge, Judge) and real.labels is not None
    labels = torch.from_numpy(real.labels)
    opinions = Opinions(
        real=labels[parts.real],
        unseen=labels[parts.unseen],
        unseen_judged=judge.classify(look.unseen),
        asked=asked,
        fake_judged=judge.classify(look.fake),
        recalled=measured.recalled,
        reference_recalled=measured.reference_recalled,
    )
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
