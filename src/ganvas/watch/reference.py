"""What the real data look like, measured once before training: every look at the generator is held against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganvas.data.held_out import Pictures
from ganvas.images import to_network
from ganvas.watch.features import BANDWIDTH, embed, spread

MOST = 2000
CHUNK = 100
CLUSTERS, CLUSTER_SIZE = 10, 40
"""So many clusters where there are no classes, or fewer, so that each has about 40 pictures."""
NEIGHBOURS, AGREEING = 5, 4
RELIABLE = 0.7
"""The share of unseen pictures whose class the neighbours must name before they are believed about generated ones."""
WITHIN = 0.95


@dataclass(frozen=True)
class Groups:
    """Parts of the data that a generator may miss: classes, or clusters where there are none."""

    names: tuple[str, ...]
    shares: tuple[float, ...]
    """Of unseen real pictures, as the neighbours name them."""
    examples: tuple[int, ...]
    """Where in the data set a picture of each stands."""
    accuracy: float
    """Of the neighbours on the unseen real pictures that they agree about."""


@dataclass(frozen=True)
class Reference:
    """Features (N, d) of real pictures, the group of each (N,), and how far an unseen one usually lies from them."""

    features: Tensor
    members: Tensor
    groups: Groups
    reach: float
    """95 % of unseen real pictures have a neighbour as near as this; at least what counts as the same (`BANDWIDTH`)."""

    def group_of(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """(M, d) → the group (M,) that four of the five nearest real pictures are in (−1 where there is none), and the
        distance (M,) to the nearest one."""
        near = torch.cdist(features, self.features).topk(min(NEIGHBOURS, len(self.features)), largest=False)
        votes = torch.nn.functional.one_hot(self.members[near.indices], len(self.groups.names)).sum(1)
        most, group = votes.max(1)
        return torch.where(most * NEIGHBOURS >= AGREEING * near.indices.shape[1], group, -1), near.values[:, 0]

    def shares_of(self, groups: Tensor) -> tuple[float, ...]:
        """The share of each group among pictures (M,) that `group_of` judged; they add up to 1 less the doubtful."""
        return _shares(groups, len(self.groups.names))


def survey(pictures: Pictures, names: Sequence[str] = (), seed: int = 0) -> Reference:
    """Look at 2,000 real pictures at most; a quarter of them are the unseen ones.

    Args:
        pictures: with labels into ``names``, or without.
        names: of the classes.
    """
    count = len(pictures.images)
    chosen = np.random.default_rng(seed).permutation(count)[:MOST]
    features = features_of(pictures, chosen)
    labels = pictures.labels
    if labels is not None and names:
        by_class = _reference(features, torch.from_numpy(np.asarray(labels)[chosen]), tuple(names), chosen)
        if by_class.groups.accuracy >= RELIABLE:
            return by_class
    members = _clusters(features, seed)
    return _reference(features, members, tuple(f"cluster {k}" for k in range(int(members.max()) + 1)), chosen)


def features_of(pictures: Pictures, chosen: NDArray[np.int64]) -> Tensor:
    """The features (n, d) of the pictures at these places, a few pictures in memory at a time."""
    parts = [chosen[i : i + CHUNK] for i in range(0, len(chosen), CHUNK)]
    return torch.cat([embed(as_seen(pictures.images[part])) for part in parts])


def as_seen(images: np.ndarray) -> Tensor:
    """Pictures (N, C, H, W) as networks see them: uint8 becomes [−1, 1]; floats, such as points, are so already."""
    tensor = torch.from_numpy(images)
    return tensor if tensor.is_floating_point() else to_network(tensor)


def of_features(features: Tensor, members: Tensor, names: Sequence[str]) -> Reference:
    """A reference from features (N, d) whose groups (N,) are known, such as points of a mixture, in random order."""
    return _reference(features, members, tuple(names), np.arange(len(features)))


def _reference(features: Tensor, members: Tensor, names: tuple[str, ...], chosen: NDArray[np.int64]) -> Reference:
    unseen = max(1, len(features) // 4)
    examples = tuple(int(chosen[int(places[0])]) if len(places) else -1 for places in _places(members, len(names)))
    blank = Groups(names, (), examples, 0.0)
    draft = Reference(features[unseen:], members[unseen:], blank, 0.0)
    judged, distances = draft.group_of(features[:unseen])
    groups = Groups(
        names=names,
        shares=_shares(judged, len(names)),
        examples=examples,
        accuracy=float((judged == members[:unseen])[judged >= 0].float().mean()) if bool((judged >= 0).any()) else 0.0,
    )
    reach = max(float(distances.quantile(WITHIN)), BANDWIDTH * float(spread(features)))
    return Reference(draft.features, draft.members, groups, reach)


def _shares(groups: Tensor, count: int) -> tuple[float, ...]:
    return tuple((torch.bincount(groups + 1, minlength=count + 1)[1:] / len(groups)).tolist())


def _places(members: Tensor, count: int) -> list[Tensor]:
    return [(members == k).nonzero()[:, 0] for k in range(count)]


def _clusters(features: Tensor, seed: int, steps: int = 20) -> Tensor:
    """k-means (Lloyd 1982), begun with centres far apart (k-means++, Arthur & Vassilvitskii 2007): the cluster (N,)."""
    random = torch.Generator().manual_seed(seed)
    centres = features[:1]
    while len(centres) < min(CLUSTERS, len(features) // CLUSTER_SIZE):
        squares = torch.cdist(features, centres).amin(1).square() + 1e-12
        centres = torch.cat([centres, features[torch.multinomial(squares, 1, generator=random)]])
    for _ in range(steps):
        members = torch.cdist(features, centres).argmin(1)
        used = torch.unique(members)
        centres = torch.stack([features[members == k].mean(0) for k in used])
    return torch.cdist(features, centres).argmin(1)
