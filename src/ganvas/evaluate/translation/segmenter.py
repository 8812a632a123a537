"""A small segmenter trained on real photos: where a translation looks right, it finds the classes that were asked for.

The idea of the FCN-score (Isola et al. 2017, section 4.1; there an FCN-8s of Cityscapes), with a network small enough
to be trained within the evaluation. Its numbers compare only with its own: what it reaches on real held-out photos.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ganvas.data.translation.class_maps import IGNORED
from ganvas.evaluate.extractor import OnProgress
from ganvas.evaluate.features_cache import Kept, code_of, keep, load
from ganvas.evaluate.translation.pile import Pile
from ganvas.evaluate.translation.scorecard import Cell
from ganvas.evaluate.translation.ways import Labelled
from ganvas.images import to_network

WIDTHS = (24, 48, 96, 128)
LONGEST = 128
"""Pixels of the longer side at which it looks."""
HALVINGS = 2 ** len(WIDTHS)
BATCH = 12
IMAGES_SHOWN = 6_000
"""Training ends after so many pictures: about a minute on one CPU core at 128 px."""
REPORT_EVERY = 10
WITHOUT_NAME = frozenset({"unlabelled", "unlabeled", "void", "ignore", "ignored", "unknown", "background/void"})
"""What classes are called that are none: they are neither learnt nor counted."""


class SmallUNet(nn.Module):
    """Four halvings, three of them back up with what was seen on the way, the last one smoothly: (N, C, H, W) → logits
    (N, classes, H, W)."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        befores = (channels, *WIDTHS[:-1])
        self.down = nn.ModuleList(_step(a, b, 4, 2) for a, b in zip(befores, WIDTHS, strict=True))
        above = list(reversed(WIDTHS))
        self.up = nn.ModuleList(_step(a + b, b, 3, 1) for a, b in pairwise(above))
        self.last = nn.Conv2d(WIDTHS[0], classes, 1)

    def forward(self, photos: Tensor) -> Tensor:
        seen: list[Tensor] = []
        for step in self.down:
            seen.append(step(seen[-1] if seen else photos))
        up = seen.pop()
        for step in self.up:
            up = step(torch.cat([functional.interpolate(up, scale_factor=2.0, mode="nearest"), seen.pop()], dim=1))
        return functional.interpolate(self.last(up), scale_factor=2.0, mode="bilinear")


@dataclass(frozen=True)
class Segmenter:
    """A trained network, the size at which it looks, and the classes that count."""

    network: nn.Module
    size: tuple[int, int]
    classes: tuple[str, ...]
    device: torch.device
    trained_on: int

    @property
    def counted(self) -> tuple[int, ...]:
        """Numbers of the classes that are some."""
        return tuple(n for n, name in enumerate(self.classes) if name.strip().lower() not in WITHOUT_NAME)

    @torch.no_grad()
    def confusion(self, pictures: Tensor, maps: Tensor) -> Tensor:
        """uint8 (N, C, H, W) and the class numbers they should show (N, 1, H, W) → int64 (N, classes, classes): how
        many pixels of each (true class, class seen)."""
        logits = self.network.eval()(_shrunk(pictures, self.size).to(self.device))
        for number in set(range(len(self.classes))) - set(self.counted):
            logits[:, number] = -torch.inf
        found, true = logits.argmax(dim=1).cpu(), _wanted(maps, self.size, self.counted)
        return torch.stack([_pairs_counted(t, f, len(self.classes)) for t, f in zip(true, found, strict=True)])

    def words(self, real: int) -> str:
        """The protocol."""
        return (
            f"a U-Net of {len(WIDTHS)} levels trained here on {self.trained_on:,} real photos with their maps, at "
            f"{self.size[0]}x{self.size[1]}; {len(self.counted)} of {len(self.classes)} classes count; its ceiling is "
            f"what it reaches on {real:,} real held-out photos. Not the published FCN-score"
        )


def train_segmenter(
    lesson: Labelled, classes: tuple[str, ...], channels: int, seed: int, device: torch.device, on_progress: OnProgress
) -> Segmenter:
    """Train on real pairs, or find it trained on the same ones from an earlier time."""
    height, width = lesson.photos.network(np.zeros(1, np.int64)).shape[2:]
    size = _size(height, width)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = SmallUNet(channels, len(classes)).to(device)
    segmenter = Segmenter(network, size, classes, device, len(lesson.photos))
    key = {
        "segmenter": [code_of(Path(__file__)), IMAGES_SHOWN],
        "lesson": [lesson.photos.key, lesson.maps.key],
        "classes": classes,
        "seed": seed,
    }
    kept = load(key)
    if kept is not None:
        network.load_state_dict(kept.tensors)
    else:
        _train(segmenter, lesson, seed, on_progress)
        keep(key, Kept(network.state_dict(), {}))
    return segmenter


def seen_in(segmenter: Segmenter, photos: Tensor | Pile, maps: Pile) -> Tensor:
    """`Segmenter.confusion` of all of them, a few at a time."""
    found = []
    for rows in np.array_split(np.arange(len(maps)), -(-len(maps) // BATCH)):
        few = photos.levels(rows) if isinstance(photos, Pile) else photos[torch.from_numpy(rows)]
        found.append(segmenter.confusion(few, maps.network(rows)))
    return torch.cat(found)


def segmentation_cells(confusion: Tensor, counted: Sequence[int], seed: int, resamples: int = 200) -> dict[str, Cell]:
    """The three numbers of the FCN-score from `confusion` (N, classes, classes), with intervals over the pictures."""
    whole = segmentation_scores(confusion.sum(dim=0), counted)
    chance = torch.Generator().manual_seed(seed)
    count = len(confusion)
    drawn = [
        segmentation_scores(confusion[torch.randint(count, (count,), generator=chance)].sum(dim=0), counted)
        for _ in range(resamples)
    ]
    cells = {}
    for name, value in whole.items():
        again = torch.tensor([scores[name] for scores in drawn], dtype=torch.float64)
        low, high = again.quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
        cells[name] = Cell(value=value, interval=(low, high) if count > 1 else None)
    return cells


def segmentation_scores(confusion: Tensor, counted: Sequence[int]) -> dict[str, float]:
    """Pixels (true class, class seen) → share of pixels right, mean over classes of the share of their pixels right,
    mean over classes of intersection over union; classes that are neither there nor seen do not count (Long et al.
    2015, section 5)."""
    square = confusion[list(counted)][:, list(counted)].double()
    right, true, found = square.diagonal(), square.sum(dim=1), square.sum(dim=0)
    there, union = true > 0, true + found - right
    return {
        "pixel_accuracy": float(right.sum() / square.sum().clamp(min=1)),
        "class_accuracy": float((right[there] / true[there]).mean()) if there.any() else 0.0,
        "mean_iou": float((right[union > 0] / union[union > 0]).mean()) if (union > 0).any() else 0.0,
    }


def _step(before: int, after: int, kernel: int, stride: int) -> nn.Sequential:
    layers = [nn.Conv2d(before, after, kernel, stride=stride, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
    return nn.Sequential(*layers)


def _size(height: int, width: int) -> tuple[int, int]:
    """At most `LONGEST`, in multiples of what is halved."""
    shrink = min(1.0, LONGEST / max(height, width))
    tall, wide = (max(HALVINGS, round(side * shrink / HALVINGS) * HALVINGS) for side in (height, width))
    return tall, wide


def _shrunk(pictures: Tensor, size: tuple[int, int]) -> Tensor:
    images = to_network(pictures)
    if tuple(images.shape[2:]) == size:
        return images
    return functional.interpolate(images, size=size, mode="bilinear", antialias=True)


def _wanted(maps: Tensor, size: tuple[int, int], counted: Sequence[int]) -> Tensor:
    """Class numbers int64 (N, *size), those that do not count as `IGNORED`."""
    small = functional.interpolate(maps.float(), size=size, mode="nearest-exact")[:, 0].long()
    return torch.where(torch.isin(small, torch.tensor(list(counted))), small, IGNORED)


def _pairs_counted(true: Tensor, found: Tensor, classes: int) -> Tensor:
    known = true != IGNORED
    return torch.bincount(true[known] * classes + found[known], minlength=classes**2).reshape(classes, classes)


def _train(segmenter: Segmenter, lesson: Labelled, seed: int, on_progress: OnProgress) -> None:
    rows = np.arange(len(lesson.photos))
    few = [rows[i : i + BATCH] for i in range(0, len(rows), BATCH)]
    photos = torch.cat([_shrunk(lesson.photos.levels(some), segmenter.size) for some in few]).half()
    maps = torch.cat([_wanted(lesson.maps.network(some), segmenter.size, segmenter.counted) for some in few]).byte()
    network, chance = segmenter.network.train(), torch.Generator().manual_seed(seed)
    steps = -(-IMAGES_SHOWN // BATCH)
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=3e-3, total_steps=steps)
    for step in range(steps):
        chosen = torch.randint(len(photos), (BATCH,), generator=chance)
        flips = torch.rand(BATCH, generator=chance) < 0.5
        light = 1 + 0.2 * (torch.rand(BATCH, 1, 1, 1, generator=chance) - 0.5)
        images, wanted = photos[chosen].float() * light, maps[chosen].long()
        images = torch.where(flips[:, None, None, None], images.flip(3), images)
        wanted = torch.where(flips[:, None, None], wanted.flip(2), wanted)
        logits = network(images.to(segmenter.device))
        loss = functional.cross_entropy(logits, wanted.to(segmenter.device), ignore_index=IGNORED)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        if (step + 1) % REPORT_EVERY == 0:
            on_progress("training a segmenter on real photos", step + 1, steps)
    network.eval()
