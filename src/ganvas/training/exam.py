"""How good a translation is on pictures that it has not learnt from, in a few numbers; and what doing nothing gets."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.images import to_network, to_uint8
from ganvas.metrics.fidelity import WINDOW, psnr, ssim
from ganvas.metrics.kernel import squared_mmd
from ganvas.metrics.lpips import LPIPS, load_lpips
from ganvas.recipes.translation import TranslationRecipe
from ganvas.resizing import matlab_bicubic
from ganvas.watch.translation_features import standard, texture
from ganvas.watch.windows import Windows

Translate = Callable[[Tensor], Tensor]
"""Pictures (1, C', h, w) → (1, C, H, W), all in [−1, 1]."""
Numbers = dict[str, float]
MOST_PSNR = 99.0
"""dB; two equal pictures have no finite number, and JSON knows no other."""


class Score(NamedTuple):
    """What people call it, in which unit, and which way is better."""

    words: str
    unit: str
    better: str


SCORES: Mapping[str, Score] = {
    "lpips": Score("LPIPS", "", "lower"),
    "psnr_db": Score("PSNR", "dB", "higher"),
    "ssim": Score("SSIM", "", "higher"),
    "l1": Score("ℓ1", "", "lower"),
    "kernel_distance": Score("kernel distance", "", "lower"),
    "kernel_distance_back": Score("kernel distance back", "", "lower"),
    "cycle_psnr_db": Score("PSNR there and back", "dB", "higher"),
    "cycle_psnr_back_db": Score("PSNR back and there", "dB", "higher"),
}


def in_words(numbers: Numbers) -> str:
    """As they are said in one line."""
    return ", ".join(
        f"{score.words} {numbers[name]:.4g} {score.unit}".rstrip() for name, score in SCORES.items() if name in numbers
    )


@dataclass(frozen=True)
class Baseline:
    """What is compared with: a translation that anybody can have."""

    name: str
    translate: Translate


def baseline(recipe: TranslationRecipe) -> Baseline | None:
    """The source itself or, where pictures are larger, its bicubic enlargement; None where it is no such picture."""
    source, (channels, height, width) = recipe.source, recipe.space.shape
    if source.names or source.channels not in (1, channels):
        return None
    if (source.height, source.width) == (height, width):
        return Baseline("the source itself", lambda picture: picture.expand(-1, channels, -1, -1))
    return Baseline(
        "bicubic enlargement",
        lambda picture: matlab_bicubic(picture, (height, width)).clamp(-1, 1).expand(-1, channels, -1, -1),
    )


class PairedExam:
    """Of pairs: how near each translation comes to its truth, on the 256 levels that a file would hold; means."""

    def __init__(self, windows: Windows) -> None:
        self.windows, self.perceptual = windows, _lpips(windows)
        self.by = "lpips" if self.perceptual is not None else "psnr_db"

    def __call__(self, translate: Translate, back: Translate | None = None) -> Numbers:
        """The numbers of a translation; nothing if one is not finite."""
        rows = [self._row(translate(source).float(), truth) for source, truth in self.windows]
        return _finite({name: sum(row[name] for row in rows) / len(rows) for name in rows[0]})

    def _row(self, made: Tensor, truth: Tensor) -> Numbers:
        x, y = to_uint8(made), to_uint8(truth)
        row = {"psnr_db": min(float(psnr(x, y, 255)), MOST_PSNR), "l1": float((made - truth).abs().mean())}
        if min(truth.shape[2:]) >= WINDOW:
            row["ssim"] = float(ssim(x, y, 255))
        if self.perceptual is not None:
            with torch.no_grad():
                row["lpips"] = float(self.perceptual(to_network(x), to_network(y)))
        return row


class CycleExam:
    """Of two sets: how far the translations as a set are from the real pictures, and what is left of a picture that
    goes there and back."""

    by = "kernel_distance"

    def __init__(self, windows: Windows) -> None:
        self.windows = windows

    def __call__(self, translate: Translate, back: Translate | None = None) -> Numbers:
        """The numbers of a translation and its way back (of the first alone, what can be said of it)."""
        there, here = list[Tensor](), list[Tensor]()
        reals, sources, cycles = list[Tensor](), list[Tensor](), list[tuple[float, float]]()
        for source, picture in self.windows:
            made = translate(source)
            there.append(texture(made.cpu()))
            reals.append(texture(picture.cpu()))
            if back is not None:
                returned = back(picture)
                here.append(texture(returned.cpu()))
                sources.append(texture(source.cpu()))
                cycles.append((_decibels(back(made), source), _decibels(translate(returned), picture)))
        numbers = {"kernel_distance": _apart(there, reals)}
        if back is not None:
            numbers["kernel_distance_back"] = _apart(here, sources)
            first, second = (sum(each) / len(cycles) for each in zip(*cycles, strict=True))
            numbers |= {"cycle_psnr_db": first, "cycle_psnr_back_db": second}
        return _finite(numbers)


def _lpips(windows: Windows) -> Callable[[Tensor, Tensor], Tensor] | None:
    """None where its weights are not on this machine, or it cannot look at such pictures."""
    space = windows.recipe.space
    if space.channels not in (1, 3):
        return None
    try:
        network: LPIPS = load_lpips("alexnet").to(windows.device)
    except GanvasError:
        return None
    return network if min(space.height, space.width) >= network.smallest else None


def _decibels(made: Tensor, truth: Tensor) -> float:
    return min(float(psnr(to_uint8(made), to_uint8(truth), 255)), MOST_PSNR)


def _apart(made: list[Tensor], real: list[Tensor]) -> float:
    """Unbiased: 0 on average for two halves of one set, so it may be a little below."""
    theirs = torch.cat(real)
    fit = partial(standard, real=theirs)
    return float(squared_mmd(fit(torch.cat(made)), fit(theirs)))


def _finite(numbers: Numbers) -> Numbers:
    return numbers if all(map(math.isfinite, numbers.values())) else {}
