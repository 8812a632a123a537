"""Sets that are told as unpaired but look paired, and pairs that look as if they did not belong together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganvas.data.translation.translations import flipped_windows, windows
from ganvas.watch.translation_features import as_large, belonging, light, outlines
from ganvas.watch.watch import Alarm

MOST, LEAST = 128, 16
"""Pairs that are compared at most; fewer than the second say nothing."""
MATCHING = 0.8
"""The share of names, of the smaller set, that are in the other too."""
BELONG, SURE = 0.1, 5.0
"""By how much more alike a pair is than strangers, and in how many standard errors, to be called one."""
DOUBTFUL = 2.5
"""Standard errors below which pairs are no more alike than strangers."""


def doubts(data: Any) -> list[Alarm]:
    """What should be said of a set of translations before training; nothing, as a rule."""
    if data.sources is None or min(len(data.images), len(data.sources)) < LEAST:
        return []
    if data.paired:
        return _strangers(data)
    return _partners(data)


def _strangers(data: Any) -> list[Alarm]:
    chosen = np.arange(min(MOST, len(data.images))) * len(data.images) // min(MOST, len(data.images))
    _, sure = _belonging(data, chosen, chosen)
    if sure >= DOUBTFUL:
        return []
    words = (
        f"pairs that do not fit: in {len(chosen)} pairs, light and outlines of source and picture are no more alike "
        f"than in shuffled pairs ({sure:.1f} standard errors)"
    )
    remedy = "look at the first sheet of samples whether sources and pictures belong together; if not, mend the names"
    return [Alarm("pairs that do not fit", words, {"pairs": len(chosen), "standard_errors": sure}, remedy, 0)]


def _partners(data: Any) -> list[Alarm]:
    """By their names, or by what they show: those with one name, else the first with the first and so on."""
    pairs = same_names(data.images.names, data.sources.names)
    share = len(pairs) / min(len(data.images), len(data.sources))
    named = share >= MATCHING
    if not named:
        pairs = [(i, i) for i in range(min(len(data.images), len(data.sources)))]
    chosen = np.array(pairs)[np.arange(min(MOST, len(pairs))) * len(pairs) // min(MOST, len(pairs))]
    gain, sure = _belonging(data, chosen[:, 0], chosen[:, 1])
    alike = gain >= BELONG and sure >= SURE
    telling = named and not _counted(data.images.names)
    if not alike and not telling:
        return []
    why = " and ".join(
        [f"{share:.0%} of the names are in both sets"] * telling
        + [f"{'pictures of one name' if named else 'the n-th pictures of the two sets'} look alike"] * alike
    )
    words = f"two sets that look paired: {why}"
    remedy = "if they are pairs, pix2pix learns from them far more: ganvas train pix2pix --paired"
    evidence = {"names_in_both": share, "more_alike_by": gain, "standard_errors": sure}
    return [Alarm("two sets that look paired", words, evidence, remedy, 0)]


def same_names(these: Sequence[str], those: Sequence[str]) -> list[tuple[int, int]]:
    """Where names without folders and endings are the same: (i of these, j of those)."""
    places = {PurePosixPath(name).stem: j for j, name in enumerate(those)}
    return [(i, places[stem]) for i, name in enumerate(these) if (stem := PurePosixPath(name).stem) in places]


def _counted(names: Sequence[str]) -> bool:
    """Whether names are numbers in a row, all with the same beginning: those of any two sets agree."""
    found = [re.fullmatch(r"(.*?)(\d+)", PurePosixPath(name).stem) for name in names]
    numbers = {int(match[2]) for match in found if match}
    if len(numbers) < len(names) or len({match[1] for match in found if match}) > 1:
        return False
    return max(numbers) - min(numbers) < 2 * len(names)


def _belonging(data: Any, pictures: NDArray[np.int64], sources: NDArray[np.int64]) -> tuple[float, float]:
    """See `translation_features.belonging`, by light or by outlines, whichever is surer."""
    targets, origins = [], []
    for i, j in zip(pictures, sources, strict=True):
        picture, source = _centres(data, int(i), int(j))
        targets.append(torch.stack([light(picture)[0], outlines(picture)[0]]))
        laid = as_large(source, picture.shape[2:])  # type: ignore[arg-type]
        origins.append(torch.stack([light(laid)[0], outlines(laid)[0]]))
    a, b = torch.stack(origins), torch.stack(targets)
    found = [belonging(a[:, k], b[:, k]) for k in range(2)] + [belonging(-a[:, 0], b[:, 0])]
    return max(found, key=lambda one: one[1])


def _centres(data: Any, picture: int, source: int) -> tuple[Tensor, Tensor]:
    """The windows in the middle: (1, C, H, W) and (1, C', h, w) in [−1, 1]."""
    i, j = np.array([picture]), np.array([source])
    middle, straight = np.full((1, 2), 0.5), np.zeros(1, np.bool_)
    shown, origin = windows(data, i, middle, straight)
    if origin is None:
        origin = flipped_windows(data.sources, j, middle, straight, data.space.source.shape[1:])
    return data.images_as_network(shown), data.sources_as_network(origin)
