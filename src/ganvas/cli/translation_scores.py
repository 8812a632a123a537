"""What ``ganvas evaluate`` and ``ganvas compare`` do with snapshots that translate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganvas.cli.output import write_json
from ganvas.errors import GanvasError

if TYPE_CHECKING:
    from ganvas.cli.evaluating import Options
    from ganvas.data.translation.translations import Translations
    from ganvas.evaluate.translation import Asked, ScoreCard, Subject
    from ganvas.evaluate.translation.cases import Figure
    from ganvas.snapshot import Snapshot


def evaluate_translation(opened: Snapshot, options: Options) -> None:
    """Score one snapshot, with those beside it; a run directory keeps its scores."""
    from ganvas.cli.opening import open_for

    if options.duality_gap:
        raise GanvasError("--duality-gap is of generators that sample; leave it out for translations")
    others = [open_for(path, options.device, options.code) for path in options.beside]
    subjects, card, figures = _measured([opened, *others], options)
    _told(card, figures, options, options.snapshot)
    _kept(card, figures, subjects[0])


def compare_translations(opened: Sequence[Snapshot], options: Options) -> None:
    """The scores of several snapshots in one table; the first is whom the others are held against."""
    subjects, card, figures = _measured(opened, options)
    _told(card, figures, options, " and ".join(subject.name for subject in subjects))


def real_translations(opened: Snapshot, snapshot: str, data: str | None, direction: str | None = None) -> Translations:
    """What to translate, in the size of the snapshot's windows: that of its training unless told otherwise.

    Pictures that were scaled and then cut at random in training are scaled to the window here, and seen whole.

    Raises:
        GanvasError: it does not say what it was trained on, or the data cannot be opened or do not translate.
    """
    from ganvas.data.spec import DataSpec
    from ganvas.data.translation import open_translation

    trained_on, space = opened.recipe.data, opened.space
    if data is None and trained_on is None:
        raise GanvasError(f"{snapshot} does not say what it was trained on; name its data by --data")
    window = (space.height, space.width)
    fallback: dict[str, Any] = {"direction": "AtoB", "size": window}
    if getattr(opened.networks["generator"], "scale", 1) > 1 or getattr(opened.recipe, "degradation", None) is not None:
        fallback = {"crop": window}
    spec = trained_on or DataSpec(source=str(data), channels=space.channels, **fallback)
    if direction not in (None, "AtoB", "BtoA"):
        raise GanvasError(f"--direction {direction}: say AtoB or BtoA")
    spec = spec if direction is None else spec.but(direction=direction)
    source = space.source
    if spec.direction and spec.fit in ("cover", "stretch") and source and source.height == space.height:
        spec = spec.but(size=window, crop=None)
    return open_translation(spec.but(source=data or spec.source, limit=spec.limit if data is None else None))


def _measured(opened: Sequence[Snapshot], options: Options) -> tuple[list[Subject], ScoreCard, list[Figure]]:
    from rich.console import Console

    from ganvas.cli.evaluating import is_run, names_of, working
    from ganvas.evaluate.translation import Subject, examine_translation

    asked, paths = _asked(options), [options.snapshot, *options.beside]
    subjects = [
        Subject(name, snapshot, Path(path) if is_run(path) else None)
        for name, snapshot, path in zip(names_of(paths), opened, paths, strict=True)
    ]
    data = real_translations(opened[0], options.snapshot, options.data, options.direction)
    with working(Console(stderr=True)) as on_progress:
        return subjects, *examine_translation(subjects, data, asked, on_progress)


def _asked(options: Options) -> Asked:
    from ganvas.config import suggest
    from ganvas.evaluate.translation import Asked
    from ganvas.evaluate.translation.ways import PARTS
    from ganvas.training.runtime import detect

    part = next((part for part in PARTS if part == options.part), None)
    if part is None:
        raise GanvasError(f"--on {options.part}: {suggest(options.part, PARTS)}")
    if options.extractor is not None and "," in options.extractor:
        raise GanvasError(f"--extractor {options.extractor}: name one; translations are measured in one's features")
    return Asked(
        part=part,
        most=options.samples,
        extractor=options.extractor,
        border=options.border,
        colours=options.colours,
        seed=options.seed,
        device=detect(options.device).place.device,
    )


def _told(card: ScoreCard, figures: Sequence[Figure], options: Options, of: str) -> None:
    from ganvas.cli.translation_table import print_scores

    print_scores(card, options.everything)
    write_json(options.json, card.numbers())
    if options.html is not None:
        from ganvas.report.translation_page import write_scores

        print(write_scores(options.html, card, figures, of))


def _kept(card: ScoreCard, figures: Sequence[Figure], subject: Subject) -> None:
    """Write the scores into the run, where it is one: metrics.json, card.html, snapshot, report."""
    from ganvas.report.page import CARD_PAGE, write_report
    from ganvas.report.translation_page import write_scores
    from ganvas.training.run import Run

    if subject.run is None:
        return
    run = Run(subject.run)
    run.write_json("metrics.json", card.summary())
    write_scores(run.path / CARD_PAGE, card, figures, run.path.resolve().name)
    subject.snapshot.metrics = card.headline()
    subject.snapshot.save(run.snapshot_file)
    write_report(run.path)
