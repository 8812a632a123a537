"""``ganvas translate``: pictures into other pictures, by a snapshot that was trained for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganvas.cli.applying import (
    SOURCE,
    Asked,
    Format,
    ModeOption,
    Out,
    Overwrite,
    Passes,
    ScoreOption,
    TileOption,
    apply,
    how,
    opened,
)
from ganvas.cli.output import Code, Device, JsonFile, Seed
from ganvas.cli.scoring import score_all
from ganvas.errors import GanvasError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ganvas.evaluate.beside_truth import Pair
    from ganvas.translate.applied import Applied


def translate(
    snapshot: Annotated[str, typer.Argument(help="A .safetensors file or a run directory; or 'identity'.")],
    source: Annotated[Path, typer.Argument(help=SOURCE)],
    out: Out = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="The way back, where both were trained (B to A).")] = False,
    mode: ModeOption = None,
    tile: TileOption = "auto",
    passes: Passes = None,
    format: Format = None,
    overwrite: Overwrite = False,
    score: ScoreOption = False,
    truth: Annotated[
        Path | None, typer.Option(help="With --score: the pictures they should become, by the same names.")
    ] = None,
    json: JsonFile = None,
    seed: Seed = 0,
    device: Device = "auto",
    code: Code = None,
) -> None:
    """Translate pictures of any size, folders, zips and films; large ones in tiles.

    Of a folder of pairs only the sources are. The same command again goes on where it was interrupted. With --score
    SOURCE is a set of pairs in any layout that training knows, of which those held out are scored, or --truth names the
    other half.
    """
    applied, saved = opened(snapshot, None, how(mode, tile, seed, passes, device, reverse), code)
    asked = Asked(snapshot, source, out, format, overwrite, json)
    if not score:
        if truth is not None:
            raise GanvasError("--truth is for --score")
        apply(asked, applied, saved)
    else:
        score_pairs(asked, applied, truth)


def score_pairs(asked: Asked, applied: Applied, truth: Path | None) -> None:
    """Hold every translation against the picture that it should be."""
    names, pair, words = pairs_in(asked, applied, truth)
    words += (
        "; no border cut, 8 bit; SSIM: Gaussian 11 px, σ 1.5, inside; identity: the source itself; intervals: --json"
    )
    score_all(asked, applied, names, pair, {"baseline": "identity", "border": 0, "words": words})


def pairs_in(asked: Asked, applied: Applied, truth: Path | None) -> tuple[list[str], Callable[[str], Pair], str]:
    """Names, name → pair, and in words which pairs these are: of two folders by name, or of data in a known layout."""
    from ganvas.counted import counted
    from ganvas.data.spec import DataSpec
    from ganvas.data.translation.opening import open_translation
    from ganvas.evaluate.beside_truth import beside, of_pairs
    from ganvas.translate.work import pictures_in

    if truth is not None:
        sources, truths = pictures_in(asked.source, but=asked.out), pictures_in(truth)
        names, pair = beside(sources, truths, applied)
        return names, pair, f"{len(names)} of {counted(len(sources.names), 'source')} have a truth of their name"
    data = open_translation(DataSpec(source=str(asked.source), direction=applied.direction, fit="none"))
    classes = data.space.source.names if data.space.source else ()
    if classes != applied.names:
        raise GanvasError(
            f"{asked.name} translates {_what(applied.names)}, {data.name} has {_what(classes)}; take its own data, "
            "with the same classes in the same order"
        )
    names, pair = of_pairs(data)
    which = "held out" if data.held_out else "all"
    return names, pair, f"{applied.direction}, {counted(len(names), 'pair')} ({which}): {data.summary['layout']}"


def _what(classes: tuple[str, ...]) -> str:
    return f"maps of the classes {', '.join(classes[:5])}{' …' * (len(classes) > 5)}" if classes else "pictures"
