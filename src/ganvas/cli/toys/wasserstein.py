"""``ganvas toy wasserstein``: notebook 15.2, the earth mover's distance by four ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganvas.cli.output import JsonFile
from ganvas.cli.toys.options import Dark, Format, Out, finish, folder
from ganvas.errors import GanvasError

if TYPE_CHECKING:
    from rich.table import Table

Masses = str | None


def wasserstein(
    p: Annotated[Masses, typer.Option("--p", help="Real masses, as 5,3,2; by default the notebook's.")] = None,
    q: Annotated[Masses, typer.Option("--q", help="Generated masses, as many.")] = None,
    out: Out = None,
    dark: Dark = False,
    format: Format = "png",
    json: JsonFile = None,
) -> None:
    """The earth mover's distance of two histograms: the plan, the critic, and why it does not saturate (UDL 15.2)."""
    from rich.console import Console

    from ganvas.toys.canvas import THEMES
    from ganvas.toys.wasserstein import P, Q, draw
    from ganvas.toys.wasserstein import wasserstein as toy

    numbers = toy(parsed(p, "--p", P), parsed(q, "--q", Q))
    figures = draw(numbers, folder(out, "wasserstein"), THEMES["dark" if dark else "light"], format)
    console = Console()
    console.print(table(numbers))
    for line in lessons(numbers):
        console.print(f"• {line}", highlight=False)
    finish(figures, json, numbers)


def parsed(text: str | None, option: str, default: tuple[int, ...]) -> list[float]:
    """``5,3,2`` as numbers; the default where nothing is given."""
    if text is None:
        return list(map(float, default))
    try:
        return [float(mass) for mass in text.split(",")]
    except ValueError as error:
        raise GanvasError(f"{option} {text!r}: give masses with commas between them, as 5,3,2") from error


def table(numbers: dict[str, Any]) -> Table:
    """Every number of the two histograms, with its unit; W1 is the earth mover's distance."""
    from rich.table import Table

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for name, side in (("", "left"), ("", "right"), ("unit", "left")):
        shown.add_column(name, justify=side)  # type: ignore[arg-type]
    bins, axis = numbers["earth_movers_distance"], numbers["earth_movers_distance_normalised"]
    for way, label in (
        ("linear_program", "linear program"),
        ("cdf", "CDF"),
        ("dual", "the dual"),
        ("pot", "POT"),
    ):
        shown.add_row(f"W1 by {label}", f"{bins[way]:.10f}", f"bins; {axis[way]:.10f} of the axis")
    for name, label in (("kl_p_q", "KL(p ‖ q), p real"), ("kl_q_p", "KL(q ‖ p)")):
        shown.add_row(label, "∞" if numbers[f"{name}_is_infinite"] else f"{numbers[name]:.10f}", "nats")
    shown.add_row("JS", f"{numbers['js']:.10f}", f"nats; {numbers['js_bits']:.6f} bits")
    for name in ("quality", "coverage", "over_generated", "under_generated"):
        shown.add_row(f"  {name.replace('_', '-')}", f"{numbers[name]:.10f}", "nats")
    shown.add_row("total variation", f"{numbers['total_variation']:.10f}", "of the mass")
    shown.add_row("best discriminator's loss", f"{numbers['optimal_discriminator_loss']:.10f}", "nats; 2 log 2 − 2 JS")
    return shown


def lessons(numbers: dict[str, Any]) -> list[str]:
    """What the numbers say, one line each, and only what they say."""
    empty = {
        "kl_p_q": "KL(p ‖ q) is infinite: q is empty where p is not",
        "kl_q_p": "KL(q ‖ p) is infinite: p is empty where q is not",
    }
    gone = numbers["separation"]["gradient_fades_at"]["js"]
    return [
        *(f"{why}. JS and the distance stay finite." for name, why in empty.items() if numbers[f"{name}_is_infinite"]),
        "The critic (slope never above 1) proves that no plan is cheaper; other plans may be as cheap.",
        f"Two Gaussians {gone:.1f} deviations apart: JS and the saturating loss keep a millionth of their gradient's "
        "peak, the earth mover's distance all of it.",
    ]
