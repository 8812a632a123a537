"""``ganvas toy trained-to-completion``: Goodfellow's figure 1, from the first step to D = ½."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ganvas.cli.output import JsonFile, Seed
from ganvas.cli.toys.options import Dark, Format, Out, finish, folder

MOMENTS, EARLY, LATER = 40, 2, 6
"""Looks on the way; the ones that become panels a and b, and c."""


def trained_to_completion(
    target: Annotated[
        str, typer.Option(help="Gaussians, centre:deviation:weight each, apart by commas.")
    ] = "-1.5:0.6:3,1.2:0.4:2",
    set: Annotated[list[str] | None, typer.Option("--set", help="path=value, as in ganvas train.")] = None,
    images: Annotated[int | None, typer.Option(min=1, help="Points to see.")] = None,
    out: Out = None,
    seed: Seed = 0,
    json: JsonFile = None,
    dark: Dark = False,
    format: Format = "png",
) -> None:
    """One dimension, uniform z: D meets p / (p + q), the value meets −log 4, q meets p."""
    import torch

    from ganvas.recipes.overrides import overridden
    from ganvas.toys import canvas, completion
    from ganvas.toys import completion_figures as figures
    from ganvas.toys.play import Play

    torch.set_num_threads(1)  # layers this small gain nothing from a second thread
    wanted = completion.target_of(target)
    recipe = completion.recipe_for(wanted)
    recipe = overridden(recipe.but(images=images or recipe.images), [f"seed={seed}", *(set or [])])
    play = Play(recipe, wanted)
    place, theme = folder(out, "trained-to-completion"), canvas.THEMES["dark" if dark else "light"]
    with canvas.themed(theme):
        history, best = _played(
            play, lambda scenes: canvas.save(figures.panels(scenes, theme), place / f"panels.{format}")
        )
        scenes = _scenes(history, best)
        written = [
            canvas.save(figures.panels(scenes, theme), place / f"panels.{format}"),
            canvas.save(figures.value(history, theme), place / f"value.{format}"),
        ]
    last = history[-1].numbers
    typer.echo(
        f"JS {last['js']:.4f} nats, V {last['value']:.4f} (−log 4 = −1.3863), "
        f"max |D − ½| {last['max_abs_to_half']:.3f}; "
        f"with G frozen, mean |D − D*| {best.numbers['mean_abs_to_best']:.4f}"
    )
    finish(written, json, completion.numbers(history, best, play.recipe))


def _played(play: Any, show: Any) -> tuple[list[Any], Any]:
    """The whole game and, from the `EARLY` moment, the best answer to a frozen generator."""
    from rich.progress import track

    from ganvas.toys import completion

    history, best = [], None
    stops = play.stops(MOMENTS)
    for number, stop in enumerate(track(stops, description="playing")):
        play.on(stop)
        history.append(completion.moment(play))
        if number == 0:
            show([("a) the start", history[0])])  # something to look at within seconds
        if number == min(EARLY, len(stops) - 1):
            best = completion.best_answer(play, max(play.recipe.images // 5, 1))
    return history, best


def _scenes(history: list[Any], best: Any) -> list[tuple[str, Any]]:
    return [
        ("a) under way: D is behind", history[: EARLY + 1][-1]),
        ("b) G frozen: D meets D*", best),
        ("c) G has followed D's slope", history[: LATER + 1][-1]),
        ("d) completed: D = ½", history[-1]),
    ]
