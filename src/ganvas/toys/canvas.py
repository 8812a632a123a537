"""How figures look: one palette on light and on dark ground, told apart by the colour-blind too (Okabe & Ito 2008).

Blue is what is real, orange what is generated, grey what the discriminator says: in every figure of the toys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure
from PIL import Image

from ganvas.errors import GanvasError
from ganvas.files import write_whole

FORMATS = ("png", "svg", "pdf")
DOTS_PER_INCH = 150


@dataclass(frozen=True)
class Theme:
    """Colours by what they mean."""

    ground: str
    ink: str
    faint: str
    """Grid lines and what should stay in the background."""
    real: str
    fake: str
    judge: str
    """The discriminator."""
    more: tuple[str, ...]
    """For what is neither real, nor generated, nor the discriminator; in this order."""

    def ramp(self, colour: str) -> Colormap:
        """Nothing (the ground) to much (``colour``), for densities and plans."""
        return LinearSegmentedColormap.from_list("ramp", [self.ground, colour])

    @property
    def verdict(self) -> Colormap:
        """0 ("generated", orange) through the ground to 1 ("real", blue), for what a discriminator says."""
        return LinearSegmentedColormap.from_list("verdict", [self.fake, self.ground, self.real])


LIGHT = Theme(
    "#ffffff", "#1b1f24", "#d5d9de", "#0072b2", "#d55e00", "#70767d", ("#009e73", "#cc79a7", "#b8860b", "#56b4e9")
)
DARK = Theme(
    "#14171b", "#e6e8ea", "#3a4048", "#56b4e9", "#f5943f", "#9aa1a9", ("#2fc79a", "#e59bc4", "#f0e442", "#0072b2")
)
THEMES = {"light": LIGHT, "dark": DARK}


@contextmanager
def themed(theme: Theme) -> Iterator[None]:
    """Within: figures that are made have this theme's colours, thin frames and readable letters."""
    style: dict[Any, Any] = {
        "figure.facecolor": theme.ground,
        "axes.facecolor": theme.ground,
        "savefig.facecolor": theme.ground,
        "text.color": theme.ink,
        "axes.labelcolor": theme.ink,
        "axes.edgecolor": theme.judge,
        "axes.titlecolor": theme.ink,
        "xtick.color": theme.judge,
        "ytick.color": theme.judge,
        "xtick.labelcolor": theme.ink,
        "ytick.labelcolor": theme.ink,
        "grid.color": theme.faint,
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "legend.labelcolor": theme.ink,
        "legend.fontsize": 9,
        "font.family": "DejaVu Sans",
        "font.size": 9.5,
        "axes.titlesize": 10.5,
        "axes.titlelocation": "left",
        "axes.labelsize": 9.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "lines.linewidth": 1.6,
        "axes.axisbelow": True,
        "svg.fonttype": "path",
        "svg.hashsalt": "ganvas",  # the same figure is the same file
    }
    with matplotlib.rc_context(style):
        yield


def sheet(width: float, height: float) -> Figure:
    """An empty figure of so many inches, laid out so that nothing overlaps; it needs no screen."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: Path) -> Path:
    """Write a figure whole, in the format that its ending names.

    Raises:
        GanvasError: another ending than .png, .svg or .pdf, or the place cannot be written.
    """
    kind = path.suffix.removeprefix(".")
    if kind not in FORMATS:
        raise GanvasError(f"{path}: a figure ends in .{', .'.join(FORMATS)}")
    undated: dict[str, Any] = {"metadata": {"Date": None}} if kind == "svg" else {}
    write_whole(path, lambda beside: figure.savefig(beside, format=kind, dpi=DOTS_PER_INCH, **undated))
    return path


def pixels(figure: Figure) -> np.ndarray:
    """The figure as uint8 (height, width, 3), for a frame of an animation."""
    canvas = figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def animate(frames: Iterable[np.ndarray], path: Path, frames_per_second: float = 10.0) -> Path:
    """Write uint8 (height, width, 3) frames as an endless GIF; the last frame stands for two seconds.

    Raises:
        GanvasError: another ending than .gif, no frames, or the place cannot be written.
    """
    if path.suffix != ".gif":
        raise GanvasError(f"{path}: an animation ends in .gif")
    pictures = [Image.fromarray(frame).quantize(128, dither=Image.Dither.NONE) for frame in frames]
    if not pictures:
        raise GanvasError(f"{path}: an animation needs at least one frame")
    durations = [round(1000 / frames_per_second)] * (len(pictures) - 1) + [2000]
    write_whole(
        path,
        lambda beside: pictures[0].save(
            beside, format="GIF", save_all=True, append_images=pictures[1:], duration=durations, loop=0
        ),
    )
    return path
