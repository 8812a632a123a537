"""Results beside the truth: enlarged pictures against what they were shrunk from, translations against their pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganvas.data.picture import Unreadable
from ganvas.data.translation.translations import Translations
from ganvas.errors import GanvasError
from ganvas.evaluate.pairs import Mean, Perceptual, Scores, means, plain, score_pair
from ganvas.images import to_grey
from ganvas.resizing import matlab_bicubic
from ganvas.translate.applied import Applied
from ganvas.translate.photo import Photo, narrowed, on_white, read_photo
from ganvas.translate.work import Listed, OnPicture, Outcome


@dataclass(frozen=True)
class Pair:
    """A source with the picture that it should become, and what would become of it for nothing."""

    source: Photo
    truth: Tensor
    """Levels (C, H, W) in [0, 255]."""
    baseline: Photo | None


@dataclass(frozen=True)
class Scored:
    """One picture's scores."""

    name: str
    result: Scores
    baseline: Scores | None

    @property
    def set(self) -> str:
        """The folder that it lies in; '' at the top."""
        parent = PurePosixPath(self.name).parent.as_posix()
        return "" if parent == "." else parent


@dataclass(frozen=True)
class SetScores:
    """Means over the pictures of one folder."""

    name: str
    pictures: int
    result: dict[str, Mean]
    baseline: dict[str, Mean] | None


def shrunk(truths: Listed, bicubic: Applied) -> Callable[[str], Pair]:
    """Name → the pair of a low-resolution picture, made by MATLAB's bicubic and rounded to 8 bit, and its truth, cut to
    a multiple of the scale."""
    scale = bicubic.scale

    def pair(name: str) -> Pair:
        truth = _bytes(read_photo(truths.open, name))
        height, width = (side // scale for side in truth.shape[1:])
        if not height or not width:
            raise Unreadable(f"is smaller than one pixel enlarged {scale} times")
        truth = truth[:, : height * scale, : width * scale]
        small = matlab_bicubic(truth[None].double(), (height, width))[0].round().clamp(0, 255)
        source = Photo(small.permute(1, 2, 0).numpy().astype(np.uint8))
        return Pair(source, truth, bicubic(source))

    return pair


def beside(sources: Listed, truths: Listed, applied: Applied) -> tuple[list[str], Callable[[str], Pair]]:
    """The names of sources that have a truth of the same name (endings aside), and name → pair; the source itself is
    the baseline where it can be compared.

    Raises:
        GanvasError: no name is in both.
    """
    known = {_bare(name): name for name in truths.names}
    found = [name for name in sources.names if _bare(name) in known]
    if not found:
        raise GanvasError(
            f"no truth is called as a source is: {sources.names[0]} has no partner in {truths.names[0]} …; "
            "files belong together by their names without endings"
        )

    def pair(name: str) -> Pair:
        source, truth = applied.read(sources.open, name), _bytes(read_photo(truths.open, known[_bare(name)]))
        alike = not applied.names and source.pixels.shape[:2] == tuple(truth.shape[1:])
        return Pair(source, truth, source if alike and source.pixels.shape[2] in (1, 3) else None)

    return found, pair


def of_pairs(data: Translations) -> tuple[list[str], Callable[[str], Pair]]:
    """The names of the pairs that are not for training (of all, where none are kept apart), and name → pair.

    Raises:
        GanvasError: these data hold no pairs.
    """
    part = data.held_out or data
    sources, truths = part.sources, part.images
    if sources is None or not part.paired:
        raise GanvasError(f"{data.name} holds no pairs ({data.summary['layout']}); --truth names a folder of truths")
    places = {name: place for place, name in enumerate(truths.names)}

    def pair(name: str) -> Pair:
        source = Photo(sources.whole(places[name]).transpose(1, 2, 0))
        truth = _bytes(Photo(truths.whole(places[name]).transpose(1, 2, 0)))
        alike = not data.classes and source.pixels.shape[:2] == tuple(truth.shape[1:])
        return Pair(source, truth, source if alike and source.pixels.shape[2] in (1, 3) else None)

    return list(truths.names), pair


def score(
    names: Sequence[str],
    pair: Callable[[str], Pair],
    applied: Applied,
    outcome: Outcome,
    *,
    border: int,
    perceptual: Perceptual | None,
    on_result: Callable[[str, Photo], None] | None,
    on_picture: OnPicture,
) -> list[Scored]:
    """Every picture's scores; what cannot be read is written down in ``outcome`` and passed by.

    Args:
        border: pixels cut off every side (`ganvas.evaluate.pairs`).
        on_result: what else is to be done with each result.
    """
    scored = []
    for name in names:
        try:
            asked = pair(name)
            result = applied(asked.source)
            scores = [
                None if photo is None else _scores(photo, asked.truth, border, perceptual)
                for photo in (result, asked.baseline)
            ]
            assert scores[0] is not None
            scored.append(Scored(name, scores[0], scores[1]))
        except (Unreadable, GanvasError) as error:
            outcome.failed.append(f"{name}: {error}")
        else:
            outcome.done += 1
            if on_result is not None:
                on_result(name, result)
        on_picture(outcome.done + len(outcome.failed), outcome.total)
    return scored


def by_set(scored: Sequence[Scored], seed: int = 0) -> list[SetScores]:
    """A row a folder, in the order of their names."""
    rows = []
    for name in sorted({one.set for one in scored}):
        members = [one for one in scored if one.set == name]
        baselines = [one.baseline for one in members if one.baseline is not None]
        rows.append(
            SetScores(
                name,
                len(members),
                means([one.result for one in members], seed),
                means(baselines, seed) if len(baselines) == len(members) else None,
            )
        )
    return rows


def numbers(scored: Sequence[Scored], sets: Sequence[SetScores]) -> dict[str, Any]:
    """For JSON: ``sets`` and ``pictures``; an infinite PSNR (equal pictures) is null."""
    return {
        "sets": [
            {
                "name": one.name,
                "pictures": one.pictures,
                "result": _means(one.result),
                "baseline": None if one.baseline is None else _means(one.baseline),
            }
            for one in sets
        ],
        "pictures": [
            {
                "name": one.name,
                "result": {name: plain(value) for name, value in one.result.items()},
                "baseline": one.baseline and {name: plain(value) for name, value in one.baseline.items()},
            }
            for one in scored
        ],
    }


def _scores(photo: Photo, truth: Tensor, border: int, perceptual: Perceptual | None) -> Scores:
    result = _bytes(photo)
    if result.shape[0] == 1 and truth.shape[0] == 3:
        result = result.expand(3, -1, -1)
    elif result.shape[0] == 3 and truth.shape[0] == 1:
        result = to_grey(result.float()).round()
    return score_pair(result, truth, border, perceptual)


def _bytes(photo: Photo) -> Tensor:
    """8-bit levels (C, H, W) as floats, opacity on white."""
    return torch.from_numpy(on_white(narrowed(photo)).transpose(2, 0, 1).astype(np.float32))


def _bare(name: str) -> str:
    return PurePosixPath(name).with_suffix("").as_posix()


def _means(scores: dict[str, Mean]) -> dict[str, Any]:
    return {name: {"value": plain(mean.value), "interval": mean.interval} for name, mean in scores.items()}
