"""``ganvas evaluate``: the report card of a snapshot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganvas.cli.evaluating import Options, is_run, working
from ganvas.cli.output import Code, Device, JsonFile, Seed, write_json

if TYPE_CHECKING:
    from ganvas.data.dataset import Dataset
    from ganvas.evaluate.card import Card
    from ganvas.evaluate.evidence import Evidence
    from ganvas.snapshot import Snapshot

All = Annotated[bool, typer.Option("--all", help="Print every number with its protocol, not only the main ones.")]
Html = Annotated[Path | None, typer.Option("--html", help="Also write a page with the numbers and the pictures.")]
Part = Annotated[str, typer.Option("--on", help="Translations: held-out, train or all.")]
Border = Annotated[
    int | None, typer.Option(min=0, help="Translations: pixels cut off for PSNR and SSIM; default: the enlargement.")
]
Extractor = Annotated[
    str | None,
    typer.Option(help="Where to measure; default pixels,random-conv,self-trained, of translations efficientnet-lite0."),
]
Colours = Annotated[
    bool, typer.Option("--colours", help="Translations: the sources are maps, each colour a class; ask a segmenter.")
]
Direction = Annotated[
    str | None, typer.Option(help="Translations: AtoB or BtoA, where it is not that of the training.")
]
CARD_EXTRACTORS = "pixels,random-conv,self-trained"


def evaluate(
    snapshot: Annotated[str, typer.Argument(help="A .safetensors file, a run directory, or 'digits'.")],
    data: Annotated[str | None, typer.Option(help="Real pictures; by default those of the training.")] = None,
    samples: Annotated[
        int, typer.Option(min=6, help="How many pictures to generate, or at most to translate.")
    ] = 10_000,
    extractor: Extractor = None,
    truncation: Annotated[float, typer.Option(help="In (0, 1]: smaller is more typical and less various.")] = 1.0,
    everything: All = False,
    json: JsonFile = None,
    html: Html = None,
    seed: Seed = 0,
    device: Device = "auto",
    code: Code = None,
    duality_gap: Annotated[
        int, typer.Option(min=0, help="Also what each player could gain in so many rounds alone.")
    ] = 0,
    part: Part = "held-out",
    beside: Annotated[
        list[str] | None, typer.Option(help="Translations: another snapshot to stand beside, such as an l1-only one.")
    ] = None,
    border: Border = None,
    colours: Colours = False,
    direction: Direction = None,
) -> None:
    """Measure a snapshot against real pictures: the six properties of a good model, and a verdict on each. Translations
    are scored against their truth, or as two sets, beside what comes for nothing.

    Of a run directory, the numbers also go into its report and its snapshot, and card.html shows the pictures.
    """
    from ganvas.cli.opening import open_for
    from ganvas.cli.translation_scores import evaluate_translation

    options = Options(
        snapshot=snapshot,
        data=data,
        samples=samples,
        extractor=extractor,
        truncation=truncation,
        everything=everything,
        json=json,
        html=html,
        seed=seed,
        device=device,
        code=code,
        duality_gap=duality_gap,
        part=part,
        beside=tuple(beside or ()),
        border=border,
        colours=colours,
        direction=direction,
    )
    opened = open_for(snapshot, device, code)
    kinds: Mapping[str, Callable[[Snapshot, Options], None]] = {
        "sample": evaluate_samples,
        "translate": evaluate_translation,
    }
    next((kinds[ability] for ability in opened.abilities if ability in kinds), evaluate_samples)(opened, options)


def evaluate_samples(opened: Snapshot, options: Options) -> None:
    """The report card of a generator."""
    from rich.console import Console

    from ganvas.cli.card_table import print_card
    from ganvas.evaluate.measure import examine
    from ganvas.training.runtime import detect

    snapshot = options.snapshot
    real = real_pictures(opened, snapshot, options.data)
    with working(Console(stderr=True)) as on_progress:
        card, evidence = examine(
            opened,
            real,
            samples=options.samples,
            extractors=(options.extractor or CARD_EXTRACTORS).split(","),
            truncation=options.truncation,
            seed=options.seed,
            device=detect(options.device).place.device,
            show=options.html is not None or is_run(snapshot),
            on_progress=on_progress,
        )
    if options.duality_gap:
        card = with_duality_gap(card, snapshot, options.device, options.duality_gap)
    print_card(card, options.everything)
    write_json(options.json, card.model_dump(mode="json"))
    write_html(options.html, card, evidence, snapshot)
    keep(card, evidence, snapshot, opened)


def real_pictures(opened: Snapshot, snapshot: str, data: str | None) -> Dataset:
    """The real pictures to measure against, in the snapshot's own size: those of its training unless told otherwise.

    Raises:
        GanvasError: it does not say what it was trained on, or the data cannot be opened.
    """
    from ganvas.data.dataset import open_data
    from ganvas.data.spec import DataSpec
    from ganvas.errors import GanvasError

    trained_on = opened.recipe.data
    if data is None and trained_on is None:
        raise GanvasError(f"{snapshot} does not say what it was trained on; name real pictures by --data")
    spec = trained_on or DataSpec(source=str(data))
    space = opened.space
    return open_data(spec.but(source=data or spec.source, size=(space.height, space.width), channels=space.channels))


def write_html(path: Path | None, card: Card, evidence: Evidence | None, of: str) -> None:
    """The card's page, if anybody asked for it, and where it is."""
    if path is not None:
        from ganvas.report.card_page import write_card

        print(write_card(path, card, evidence, of))


def keep(card: Card, evidence: Evidence | None, snapshot: str, opened: Snapshot) -> None:
    """Write the card into the run that the snapshot lies in, where it lies in one: metrics.json, card.html, snapshot,
    report."""
    from ganvas.report.card_page import write_card
    from ganvas.report.page import CARD_PAGE, write_report
    from ganvas.training.run import Run

    run = Run(Path(snapshot))
    if is_run(snapshot):
        run.write_text("metrics.json", card.model_dump_json(indent=2) + "\n")
        write_card(run.path / CARD_PAGE, card, evidence, run.path.resolve().name)
        opened.metrics = dict(card.numbers())
        opened.save(run.snapshot_file)
        write_report(run.path)


def with_duality_gap(card: Card, snapshot: str, device: str, rounds: int) -> Card:
    """The card and, beside its other numbers, how far the run's game is from its equilibrium."""
    from ganvas.data.dataset import open_data
    from ganvas.errors import GanvasError
    from ganvas.evaluate.card import Measurement, Protocol
    from ganvas.evaluate.duality import duality_gap
    from ganvas.training.run import Run
    from ganvas.training.runtime import detect
    from ganvas.training.session import Session

    run = Run(Path(snapshot))
    if not run.state_file.exists():
        raise GanvasError(f"--duality-gap needs both players: name a run directory with its state.pt, not {snapshot}")
    recipe = run.recipe()
    assert recipe.data is not None, "a run that was started from data"
    session = Session(recipe, open_data(recipe.data), run, detect(device, recipe.precision))
    session.restore()
    found = duality_gap(
        session.game, lambda: recipe.game(session.runtime.place.device), session.batches, session.runtime, rounds
    )
    detail = f"{rounds} rounds alone each; " + ", ".join(f"{who} gains {gain:.4g}" for who, gain in found.gains.items())
    gap = Measurement(name="duality_gap", value=found.gap, better="lower", protocol=Protocol(detail=detail))
    return card.but(measurements=(*card.measurements, gap))
