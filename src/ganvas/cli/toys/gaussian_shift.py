"""``ganvas toy gaussian-shift``: the textbook's smallest GAN, to its last digit and beyond its last page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ganvas.cli.output import JsonFile
from ganvas.cli.toys.options import Dark, Format, Out, finish, folder

if TYPE_CHECKING:
    from ganvas.theory.gaussian_shift import Settings, Trace


def gaussian_shift(
    out: Out = None,
    rounds: Annotated[int, typer.Option(help="Of play; the notebook plays 5.")] = 200,
    loss: Annotated[str, typer.Option(help="minimax, non-saturating or wasserstein.")] = "minimax",
    r1: Annotated[float, typer.Option("--r1", help="γ of R1, on real samples; 0 is off.")] = 0.0,
    r2: Annotated[float, typer.Option("--r2", help="γ of R2, on generated samples; 0 is off.")] = 0.0,
    clip: Annotated[
        float | None, typer.Option(help="Largest |φ₁|; 1 where a Wasserstein critic has no penalty.")
    ] = None,
    mean: Annotated[bool, typer.Option("--mean", help="Losses are means over the samples, not sums.")] = False,
    discriminator_updates: Annotated[int, typer.Option(help="In a round.")] = 300,
    generator_updates: Annotated[int, typer.Option(help="In a round.")] = 3,
    discriminator_lr: Annotated[float, typer.Option(help="D's learning rate; at rest below 0.0057.")] = 0.01,
    generator_lr: Annotated[float, typer.Option(help="G's learning rate.")] = 0.02,
    course_release: Annotated[
        bool, typer.Option("--course-release", help="Play with the slip of a course's student release.")
    ] = False,
    json: JsonFile = None,
    dark: Dark = False,
    format: Format = "png",
) -> None:
    """Ten numbers are shifted by θ against a logistic regression: panels, traces, the spiral, variants, a film."""
    from ganvas.theory.gaussian_shift import Settings
    from ganvas.toys import canvas
    from ganvas.toys import gaussian_shift_figures as figures
    from ganvas.toys.gaussian_shift import Story, seen

    if loss == "wasserstein" and clip is None and not (r1 or r2):
        clip = 1.0
    settings = Settings(
        loss=loss,
        reduction="mean" if mean else "sum",
        discriminator_updates=discriminator_updates,
        generator_updates=generator_updates,
        discriminator_lr=discriminator_lr,
        generator_lr=generator_lr,
        r1=r1,
        r2=r2,
        clip=clip,
        course_release=course_release,
    )
    story = Story(settings, rounds)
    place, theme = folder(out, "gaussian-shift"), canvas.THEMES["dark" if dark else "light"]
    written = []
    with canvas.themed(theme):
        for draw in (figures.panels, figures.traces, figures.field, figures.variants):
            written.append(canvas.save(draw(story, theme), place / f"{draw.__name__}.{format}"))
        written.append(canvas.animate(figures.frames(story, theme), place / "animation.gif", 8))
    _print_table(story.trace)
    typer.echo(seen(story.trace))
    finish(written, json, story.numbers() if json is not None else None)


def _print_table(trace: Trace) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from ganvas.toys.gaussian_shift import interesting, scenes

    names = {scene.round: scene.name for scene in scenes(trace)}
    table = Table(
        title=_title(trace.settings), title_justify="left", box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True
    )
    for column in ("round", "θ", "φ₀", "φ₁", "L_D", "L_G", "D right"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, min_width=9)
    for k in interesting(trace):
        numbers = (trace.theta[k], *trace.phi[k], trace.discriminator_loss[k], trace.generator_loss[k])
        cells = [str(k), *(f"{number:.4f}" for number in numbers), f"{trace.accuracy_met[k]:.0%}"]
        table.add_row(*cells, names.get(k, ""))
    Console().print(table)


def _title(settings: Settings) -> str:
    return (
        f"{settings.loss}, {settings.reduction}: {settings.discriminator_updates} updates of D at "
        f"{settings.discriminator_lr:g}, then {settings.generator_updates} of G at {settings.generator_lr:g}, a round"
    )
