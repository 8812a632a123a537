"""``ganvas toy critic``: trained critics against the exact earth mover's distance."""

from __future__ import annotations

from typing import Annotated

import typer

from ganvas.cli.output import JsonFile, Seed
from ganvas.cli.toys.options import Dark, Format, Out, finish, folder


def critic(
    real: Annotated[str, typer.Option(help="Gaussians, centre:deviation:weight each, apart by commas.")] = (
        "-2:0.4:2,1.5:0.5:1"
    ),
    fake: Annotated[
        str, typer.Option(help="The same, for the generator, which stays as it is.")
    ] = "-0.5:0.6:1,2.5:0.4:1",
    images: Annotated[int, typer.Option(min=1, help="Points that each critic sees.")] = 500_000,
    out: Out = None,
    seed: Seed = 0,
    json: JsonFile = None,
    dark: Dark = False,
    format: Format = "png",
) -> None:
    """Clipped, penalised and normalised critics: how much of the earth mover's distance does each find?"""
    import torch
    from rich.console import Console
    from rich.progress import track
    from rich.table import Table

    from ganvas.toys import canvas
    from ganvas.toys import critic as toy
    from ganvas.toys.completion import target_of
    from ganvas.toys.critic_figures import panels

    torch.set_num_threads(1)  # layers this small gain nothing from a second thread
    p, q = target_of(real), target_of(fake)
    truth, made = toy.exact(p, q), toy.critics(p, q, seed, images)
    for one in made:
        for stop in track(one.play.stops(toy.MOMENTS), description=one.name, transient=True):
            one.play.on(stop)
            one.look()
    theme = canvas.THEMES["dark" if dark else "light"]
    with canvas.themed(theme):
        written = [canvas.save(panels(made, truth, theme), folder(out, "critic") / f"critics.{format}")]
    found = toy.numbers(made, truth)
    table = Table("critic", box=None, padding=(0, 2, 0, 0), title_justify="left")
    for heading in ("E_p f − E_q f", "steepest slope", "estimate", "of the distance"):
        table.add_column(heading, justify="right")
    for row in found["critics"]:
        cells = (f"{row[key]:.4g}" for key in ("gap", "steepest_slope", "estimate"))
        table.add_row(row["name"], *cells, f"{row['share_of_distance']:.1%}")
    Console().print(f"earth mover's distance {truth['distance']:.4f}, exactly", highlight=False)
    Console().print(table)
    finish(written, json, found)
