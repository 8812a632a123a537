"""``ganvas toy ring``, ``grid``, ``picture`` …: points in the plane, trained while you wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganvas.cli.output import JsonFile, Seed
from ganvas.cli.toys.options import Dark, Format, Out, finish, folder

if TYPE_CHECKING:
    from ganvas.toys.plane import Lesson
    from ganvas.toys.targets import Target

Compare = Annotated[
    list[str] | None,
    typer.Option(
        "--compare",
        help="A variant, once for each: ganvas, plain, packing, unrolled … (ganvas toy variants), or settings apart by "
        "spaces: 'loss=hinge penalties=none'.",
    ),
]
Set = Annotated[list[str] | None, typer.Option("--set", help="path=value, for all variants; as in ganvas train.")]
Images = Annotated[int | None, typer.Option(min=1, help="Points to see.")]
Film = Annotated[bool, typer.Option("--film/--no-film", help="Also an animation of the first variant.")]

DESCRIPTIONS = {
    "ring": "Eight Gaussians on a circle: does the generator find all of them?",
    "grid": "Twenty-five narrow Gaussians: does it find all, and fit them?",
    "spiral": "Two arms that wind around each other.",
    "checkerboard": "Eight squares with sharp edges.",
    "swiss-roll": "One long roll.",
}


def plane_command(name: str) -> Callable[..., None]:
    """The command of one target."""

    def command(
        out: Out = None,
        compare: Compare = None,
        set: Set = None,
        images: Images = None,
        film: Film = True,
        seed: Seed = 0,
        json: JsonFile = None,
        dark: Dark = False,
        format: Format = "png",
    ) -> None:
        from ganvas.toys.plane import IMAGES
        from ganvas.toys.targets import TARGETS

        wanted = images or IMAGES.get(name)
        _run(TARGETS[name](), folder(out, name), compare, set, wanted, film, seed, json, dark, format)

    command.__doc__ = DESCRIPTIONS[name]
    return command


def picture(
    file: Annotated[Path, typer.Argument(help="Dark is where points should be; draw one in any paint program.")],
    out: Out = None,
    compare: Compare = None,
    set: Set = None,
    images: Images = None,
    film: Film = True,
    seed: Seed = 0,
    json: JsonFile = None,
    dark: Dark = False,
    format: Format = "png",
) -> None:
    """Any picture as a density."""
    from ganvas.toys.targets import picture

    _run(picture(file), folder(out, file.stem), compare, set, images, film, seed, json, dark, format)


def draw(
    out: Annotated[Path, typer.Option("--out", help="The page.")] = Path("draw.html"),
) -> None:
    """A page to draw a density on, for `ganvas toy picture`; it opens in any browser and sends nothing anywhere."""
    from importlib.resources import files

    from ganvas.files import write_text

    write_text(out, files("ganvas.toys").joinpath("draw.html").read_text(encoding="utf-8"))
    typer.echo(f"wrote {out}: open it in a browser, draw, save, then: ganvas toy picture drawing.png")


def variants() -> None:
    """The names for --compare, and the settings behind them."""
    from rich.console import Console
    from rich.table import Table

    from ganvas.toys.plane import VARIANTS

    table = Table("variant", "upon the toolkit's own choice", box=None, padding=(0, 2, 0, 0))
    for name, settings in VARIANTS.items():
        table.add_row(name, " ".join(settings) or "nothing")
    Console().print(table)


def _run(
    target: Target,
    place: Path,
    compare: list[str] | None,
    settings: list[str] | None,
    images: int | None,
    film: bool,
    seed: int,
    json: Path | None,
    dark: bool,
    format: str,
) -> None:
    import torch

    from ganvas.toys import canvas
    from ganvas.toys.plane import lesson
    from ganvas.toys.plane_figures import panels, view

    torch.set_num_threads(1)  # layers this small gain nothing from a second thread
    lessons = [lesson(name, target, settings or [], seed, images) for name in compare or ["ganvas"]]
    theme = canvas.THEMES["dark" if dark else "light"]
    figure = place / f"panels.{format}"
    with canvas.themed(theme):
        views, frames = [], []
        for subject in lessons:
            for number, _ in enumerate(_watched(subject)):
                if subject is not lessons[0]:
                    continue
                if film:
                    frames.append(view(subject))
                if number == 0:
                    canvas.save(panels([view(subject)], theme), figure)  # something to look at within seconds
            views.append(view(subject))
        written = [canvas.save(panels(views, theme), figure)]
        if film:
            written.append(canvas.animate(_film(frames, theme), place / "animation.gif", 6))
    finish(written, json, {"variants": [subject.numbers() for subject in lessons]})


def _watched(subject: Lesson) -> Iterator[None]:
    """Play to the end, a line a moment on the terminal, yielding at each."""
    from rich.console import Console
    from rich.live import Live

    from ganvas.toys.plane import learn

    console, told = Console(), 0
    with Live(console=console, auto_refresh=False, transient=False) as live:
        for row in learn(subject, time.perf_counter):
            for alarm in subject.alarms[told:]:
                live.console.print(f"  {alarm.images:,} points: {alarm.words}", style="yellow", highlight=False)
            told = len(subject.alarms)
            live.update(_line(subject, row), refresh=True)
            yield
    if not console.is_terminal:
        console.line()  # which Live leaves out there


def _line(subject: Lesson, row: dict[str, Any]) -> str:
    done = row["images"] / subject.play.recipe.images
    text = f"{subject.name}  {min(done, 1):4.0%}  {row['seconds']:5.1f} s  energy distance {row['energy_distance']:.5f}"
    if "modes_covered" in row:
        ratio = row["within_mode_sd_ratio"]
        text += (
            f"  modes {row['modes_covered']}/{row['modes']}  within 3σ {row['high_quality_share']:.1%}"
            f"  width {'n/a' if ratio is None else f'{ratio:.2f}'}  reverse KL {row['reverse_kl']:.4f}"
        )
    return text


def _film(frames: list[Any], theme: Any) -> Any:
    from ganvas.toys.canvas import pixels
    from ganvas.toys.plane_figures import frame

    return (pixels(frame(seen, theme)) for seen in frames)
