"""How good is this translation? Snapshots beside what comes for nothing and beside real pictures, one table a way."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ganvas.data.degradation import Bicubic, Degradation
from ganvas.data.translation.translations import Translations
from ganvas.errors import GanvasError
from ganvas.evaluate.extractor import Extractor, OnProgress, in_silence
from ganvas.evaluate.public import PUBLIC
from ganvas.evaluate.translation import domains
from ganvas.evaluate.translation.cases import Figure, chosen, columns_of, figures
from ganvas.evaluate.translation.colours import maps_by_colour, named, palette_of
from ganvas.evaluate.translation.likeness import MOST_REAL, Likeness, default_extractor, extractor_of
from ganvas.evaluate.translation.made import make
from ganvas.evaluate.translation.methods import Method, by_snapshot, for_nothing
from ganvas.evaluate.translation.nearness import perceptual_or_why
from ganvas.evaluate.translation.rulers import Alike, Called, Nearness, Ranked, Ruler, Segmented
from ganvas.evaluate.translation.scorecard import Cell, Kind, Lead, Row, ScoreCard, Shuffled, WayScores
from ganvas.evaluate.translation.segmenter import train_segmenter
from ganvas.evaluate.translation.shuffled import discriminator_of, shuffled_pairs
from ganvas.evaluate.translation.ways import Labelled, Part, Way, ways_of
from ganvas.snapshot import Snapshot
from ganvas.space import Source, Space


@dataclass(frozen=True)
class Subject:
    """A snapshot, what to call it, and the run directory that it lies in, where it lies in one."""

    name: str
    snapshot: Snapshot
    run: Path | None = None


@dataclass(frozen=True)
class Asked:
    """How to measure."""

    part: Part = "held-out"
    most: int = 10_000
    """Pictures to translate."""
    extractor: str | None = None
    """None: EfficientNet-Lite0 where its weights are on this machine, else random convolutions."""
    border: int | None = None
    """Pixels cut off each side for PSNR and SSIM; None: the factor of enlargement, 0 where sizes stay."""
    colours: bool = False
    """Whether sources are maps whose classes are their colours, to be measured by a segmenter."""
    seed: int = 0
    device: torch.device = torch.device("cpu")  # noqa: RUF009


def examine_translation(
    subjects: Sequence[Subject],
    data: Translations,
    asked: Asked = Asked(),
    on_progress: OnProgress = in_silence,
) -> tuple[ScoreCard, list[Figure]]:
    """Scores of the first subject, of those beside it, and of what comes for nothing.

    Which scores there are depends on the data and on the first subject alone: against the truth where there are pairs,
    there and back where there is an inverse, a classifier's opinion where there are two sets, a segmenter's where
    sources are maps of classes; always the kernel distance from the real targets.

    Raises:
        GanvasError: a snapshot that cannot translate these data, no pictures of the part asked for, an unknown
            extractor.
    """
    start, first = time.perf_counter(), subjects[0].snapshot
    for subject in subjects:
        must_fit(subject, data, subjects[0])
    multiple = getattr(first.networks["generator"], "multiple", 1)
    back = "inverse" in first.networks and not data.classes
    ways = ways_of(data, degradation_of(first, data), multiple, back, asked.part, asked.most)
    extractor = extractor_of(asked.extractor or default_extractor(), _seen(data.space), asked.seed, asked.device)
    bench = _Bench(data, asked, extractor, on_progress)
    tables = [bench.table(way, [s for s in subjects if way.role in s.snapshot.networks]) for way in ways]
    discriminators = [found for subject in subjects for found in bench.shuffled(subject, ways[0])]
    card = ScoreCard(
        data=data.name,
        data_fingerprint=data.fingerprint,
        part=asked.part,
        seed=asked.seed,
        space=str(data.space),
        ways=tuple(tables),
        discriminators=tuple(discriminators),
        protocol=bench.protocol,
        notes=tuple(dict.fromkeys(bench.notes)),
        seconds=time.perf_counter() - start,
    )
    return card, bench.figures


def must_fit(subject: Subject, data: Translations, first: Subject) -> None:
    """Raises `GanvasError` where a snapshot cannot translate these sources into these targets."""
    subject.snapshot.must("translate")
    trained, there = subject.snapshot.space, data.space
    if trained.channels not in (1, 3, 4):
        raise GanvasError(
            f"{subject.name} makes pictures of {trained.channels} channels; scores are of grey and colour"
        )
    if trained.channels != there.channels:
        raise GanvasError(_differs(subject.name, "makes pictures", trained.channels, data.name, there.channels))
    if there.source is None:
        if degradation_of(subject.snapshot, data) != degradation_of(first.snapshot, data):
            raise GanvasError(f"{subject.name} was trained on another degradation than {first.name}: compare the like")
        return
    source = trained.source
    if source is None:
        raise GanvasError(f"{subject.name} does not say what it translates; {data.name} has {_what(there.source)}")
    if source.names != there.source.names:
        raise GanvasError(
            f"{subject.name} translates {_what(source)}, {data.name} has {_what(there.source)}; "
            "take its own data, with the same classes in the same order"
        )
    if source.channels != there.source.channels:
        raise GanvasError(
            _differs(subject.name, "translates pictures", source.channels, data.name, there.source.channels)
        )
    ours = first.snapshot.space
    if (trained.height, trained.width) != (ours.height, ours.width):
        raise GanvasError(
            f"{subject.name} was trained at {trained.height}x{trained.width}, {first.name} at {ours.height}x"
            f"{ours.width}; only snapshots of one size can stand beside each other"
        )
    if trained.height * there.source.height != there.height * source.height:
        raise GanvasError(f"{subject.name} enlarges otherwise than the pairs of {data.name}; take its own data")


def degradation_of(snapshot: Snapshot, data: Translations) -> Degradation | None:
    """How sources are made where the data hold none: as in training; for a network that enlarges and does not say, by
    MATLAB's bicubic."""
    if data.sources is not None:
        return None
    said: Degradation | None = getattr(snapshot.recipe, "degradation", None)
    scale = getattr(snapshot.networks["generator"], "scale", 1)
    return said or (Bicubic(scale=scale) if scale > 1 else None)


class _Bench:
    """Everything that is measured with, made once."""

    def __init__(self, data: Translations, asked: Asked, extractor: Extractor, on_progress: OnProgress) -> None:
        self.data, self.asked, self.extractor, self.tell = data, asked, extractor, on_progress
        self.perceptual, self.why = perceptual_or_why(asked.device)
        self.protocol: dict[str, str] = {}
        self.notes: list[str] = []
        self.figures: list[Figure] = []
        self.judges: list[domains.Domains] | None = None

    def table(self, way: Way, subjects: Sequence[Subject]) -> WayScores:
        """All rows of one way, the first subject's first."""
        rulers, methods = self._rulers(way), self._methods(way, subjects)
        rows: list[Row] = []
        columns: dict[str, Any] = {}
        ranked: Ranked | None = None
        best, worst = chosen(None, len(way.sources))
        for method in methods:
            made = make(method, way, self.tell)
            cells = {key: cell for ruler in rulers for key, cell in ruler.of(made, self.tell).items()}
            rows.append(Row(name=method.name, about=method.about, kind=method.kind, cells=cells))
            if not columns:
                ranked = next((found for ruler in rulers if (found := ruler.ranked(method.name))), None)
                best, worst = chosen(ranked, len(way.sources))
            if method.kind != "baseline" or way.scale > 1:
                columns |= columns_of(made, [*best, *worst])  # type: ignore[arg-type]
        rows += self._real(way, rulers)
        self.figures += figures(way, ranked, best, worst, columns, methods[0].name)
        for ruler in rulers:
            self.protocol |= ruler.protocol()
        return WayScores(
            source=way.names[0],
            target=way.names[1],
            pictures=len(way.sources),
            real=min(len(way.real), MOST_REAL),
            size="x".join(map(str, way.real.network(way.real.chosen[:1] * 0).shape[2:])),
            rows=tuple(rows),
            leads=tuple(_leads(rulers, [method.name for method in methods])),
        )

    def shuffled(self, subject: Subject, way: Way) -> list[Shuffled]:
        """What the subject's discriminator makes of shuffled pairs; nothing where it has none, with a note on why."""
        if subject.run is None or way.truths is None or getattr(subject.snapshot.recipe, "discriminator", None) is None:
            return []
        recipe: Any = subject.snapshot.recipe
        try:
            judge = discriminator_of(subject.run, recipe)
            asked = self.asked
            return [shuffled_pairs(subject.name, judge, recipe, way, asked.seed, asked.device, self.tell)]
        except GanvasError as error:
            self.notes.append(f"n/a: shuffled pairs: {error}")
            return []

    def _methods(self, way: Way, subjects: Sequence[Subject]) -> list[Method]:
        kinds: list[Kind] = ["asked", *(["beside"] * (len(subjects) - 1))]  # type: ignore[list-item]
        place, seed = self.asked.device, self.asked.seed
        asked = [
            by_snapshot(s.name, kind, s.snapshot, way, seed, place) for s, kind in zip(subjects, kinds, strict=True)
        ]
        return [*asked, *for_nothing(way)]

    def _rulers(self, way: Way) -> list[Ruler]:
        seed = self.asked.seed
        border = self.asked.border if self.asked.border is not None else (way.scale if way.scale > 1 else 0)
        rulers: list[Ruler] = []
        if way.truths is not None:
            rulers.append(Nearness(way.truths, border, self.perceptual, self.why, seed))
        likeness = Likeness.to(way.real, self.extractor, seed, self.tell)
        rulers.append(Alike(likeness, way.unseen, len(way.sources)))
        rulers += [Called(judge, way.unseen) for judge in self._judges(way)]
        if way.channels[0] in (1, 3, 4) and not way.classes:
            rulers.append(Nearness(way.sources, 0, self.perceptual, self.why, seed, cycle=True))
        if self.asked.colours:
            way = _coloured(way)
        if way.lesson is not None and way.maps is not None:
            place = self.asked.device
            channels = _seen(self.data.space).channels
            trained = train_segmenter(way.lesson, way.classes, channels, seed, place, self.tell)
            rulers.append(Segmented(trained, way.maps, way.exam, seed))
        return rulers

    def _judges(self, way: Way) -> list[domains.Domains]:
        """Classifiers of the two sets, trained for the first way and turned round for the other; none for pairs."""
        if way.truths is not None:
            return []
        if self.judges is not None:
            return [judge.turned() for judge in self.judges]
        self.judges = []
        if (reason := domains.unsuitable(way)) is not None:
            self.notes.append(f"n/a: called target: {reason}")
            return []
        found = [
            domains.trained_from_scratch(way, _seen(self.data.space), self.asked.seed, self.asked.device, self.tell)
        ]
        if self.extractor.name.partition(":")[0] in PUBLIC:
            found.append(domains.on_public_features(way, self.extractor, self.tell))
        self.judges = domains.by_accuracy([judge for judge in found if judge is not None])
        if not self.judges:
            self.notes.append("n/a: called target: there are no held-out pictures to check a classifier on")
        elif self.judges[0].accuracy < domains.DOUBTFUL:
            right = f"right on {self.judges[0].accuracy:.1%} of held-out real pictures"
            self.notes.append(f"called target: the best classifier is only {right}: do not believe it far")
        return self.judges

    def _real(self, way: Way, rulers: Sequence[Ruler]) -> list[Row]:
        cells: dict[str, Cell] = {}
        for ruler in rulers:
            cells |= ruler.of_real(self.tell)
        about = "held-out real targets in the translations' place: what a perfect one would reach"
        return [Row(name="real held-out", about=about, kind="real", cells=cells)] if cells else []


def _coloured(way: Way) -> Way:
    """With the classes that the sources' colours stand for; the way back of maps stays as it is."""
    if way.truths is None or way.classes or way.role == "inverse":
        return way
    palette = palette_of(way.real_sources)
    exam = None
    if way.unseen is not None and way.unseen_sources is not None:
        exam = Labelled(way.unseen, maps_by_colour(way.unseen_sources, palette))
    return replace(
        way,
        classes=named(palette),
        lesson=Labelled(way.real, maps_by_colour(way.real_sources, palette)),
        exam=exam,
        maps=maps_by_colour(way.sources, palette),
    )


def _leads(rulers: Sequence[Ruler], names: Sequence[str]) -> list[Lead]:
    return [lead for ruler in rulers for lead in ruler.leads(names[0], names[1:])]


def _seen(space: Space) -> Space:
    """Of the pictures as extractors see them: opacity is laid on white."""
    return Space(channels=3 if space.channels == 4 else space.channels, height=space.height, width=space.width)


def _what(source: Source) -> str:
    return f"maps of {len(source.names)} classes" if source.names else f"pictures of {source.channels} channels"


def _differs(name: str, does: str, channels: int, data: str, there: int) -> str:
    return (
        f"{name} {does} of {channels} channel{'s' * (channels > 1)}, {data} has {there}; take its own data, or another "
        "--data of the same kind"
    )
