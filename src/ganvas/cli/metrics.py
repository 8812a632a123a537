"""``ganvas metrics``: any two sets of pictures, no snapshot needed."""

from __future__ import annotations

from typing import Annotated

import typer

from ganvas.cli.evaluate import All, Html
from ganvas.cli.output import Device, JsonFile, Seed, write_json


def metrics(
    a: Annotated[str, typer.Argument(help="The real pictures: name, folder, zip, .npz or idx file.", metavar="REAL")],
    b: Annotated[str, typer.Argument(help="The pictures to measure.", metavar="FAKE")],
    extractor: Annotated[str, typer.Option(help="Where to measure; self-trained needs labels.")] = "pixels,random-conv",
    size: Annotated[str | None, typer.Option(help="Bring both to this size: 64, or 64x96 (height first).")] = None,
    samples: Annotated[int, typer.Option(min=6, help="At most so many of FAKE.")] = 50_000,
    everything: All = False,
    json: JsonFile = None,
    html: Html = None,
    seed: Seed = 0,
    device: Device = "auto",
) -> None:
    """Measure one set of pictures against another; the real ones come first.

    Quality, coverage and novelty, as `ganvas evaluate` measures them of a snapshot.
    """
    from pydantic import ValidationError
    from rich.console import Console

    from ganvas.cli.card_table import print_card
    from ganvas.cli.evaluate import write_html
    from ganvas.cli.evaluating import working
    from ganvas.data.dataset import open_data
    from ganvas.data.spec import DataSpec
    from ganvas.errors import GanvasError
    from ganvas.evaluate.measure import examine_sets
    from ganvas.recipes.overrides import first_problem
    from ganvas.training.runtime import detect

    try:
        specs = [DataSpec.model_validate({"source": source, "size": size}) for source in (a, b)]
    except ValidationError as error:
        raise GanvasError(f"--{first_problem(error)}") from error
    real, fake = map(open_data, specs)
    with working(Console(stderr=True)) as on_progress:
        card, evidence = examine_sets(
            real,
            fake,
            samples=samples,
            extractors=extractor.split(","),
            seed=seed,
            device=detect(device).place.device,
            show=html is not None,
            on_progress=on_progress,
        )
    print_card(card, everything)
    write_json(json, card.model_dump(mode="json"))
    write_html(html, card, evidence, b)
