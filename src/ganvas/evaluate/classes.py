"""Which classes a generator makes, and whether it makes the one it is asked for, in the self-trained judge's eyes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganvas.evaluate.card import ClassRow, Measurement, Protocol
from ganvas.evaluate.distances import K_MANIFOLD
from ganvas.evaluate.judge import Judge
from ganvas.metrics import wilson


@dataclass(frozen=True)
class Opinions:
    """Classes int64: of real pictures by their labels, of unseen real and of generated ones by label and by the judge.

    ``asked`` (M,) is what the generator was asked for, the generated pictures' label as it were, or None.
    """

    real: Tensor
    unseen: Tensor
    unseen_judged: Tensor
    asked: Tensor | None
    fake_judged: Tensor
    recalled: Tensor
    """bool (N,): which real pictures lie within a generated one's ball."""
    reference_recalled: Tensor
    """bool (N,): which lie within an unseen real one's."""


def class_rows(names: tuple[str, ...], opinions: Opinions) -> tuple[ClassRow, ...]:
    """One row a class."""
    return tuple(_row(name, label, opinions) for label, name in enumerate(names))


def _row(name: str, label: int, opinions: Opinions) -> ClassRow:
    seen, asked = opinions.fake_judged, opinions.asked
    right = seen[asked == label] == label if asked is not None else seen[:0]
    accuracy = _mean(right) if len(right) else None
    return ClassRow(
        name=name,
        share=_mean(seen == label),
        reference_share=_mean(opinions.unseen_judged == label),
        accuracy=accuracy,
        interval=wilson(accuracy, len(right)) if accuracy is not None else None,
        recall=_mean_or_none(opinions.recalled[opinions.real == label]),
        reference_recall=_mean_or_none(opinions.reference_recalled[opinions.real == label]),
    )


def measure_classes(judge: Judge, opinions: Opinions, seed: int, part: str | None = None) -> list[Measurement]:
    """`class_share_distance`: half the sum of the differences between the classes' shares and the real ones, in [0, 1].
    `class_recall_lowest`: recall of the real pictures of the class in which it is lowest.
    Where classes were asked for also `class_accuracy` and `class_accuracy_lowest`, that of the worst class.

    The references are the same numbers of unseen real pictures, whose labels were asked for, as it were.
    """
    seen = opinions.fake_judged
    matched = seen[: len(opinions.unseen)]  # two random shares differ by less, the more pictures there are
    protocol = Protocol(
        n_real=len(opinions.unseen),
        n_fake=len(matched),
        seed=seed,
        extractor=judge.name,
        dimension=judge.dimension,
        resize=judge.resize,
        fingerprint=judge.fingerprint,
        split="judge trained on other real pictures",
        part=part,
    )
    distance = Measurement(
        name="class_share_distance",
        value=_share_distance(matched, opinions.real),
        reference=_share_distance(opinions.unseen_judged, opinions.real),
        collapse=_share_distance(torch.bincount(opinions.real).argmax()[None], opinions.real),
        better="lower",
        protocol=protocol.but(detail="half the sum of the differences between the classes' shares"),
    )
    recall = _recall_lowest(opinions, protocol)
    if opinions.asked is None:
        return [distance, recall]
    right = _mean(seen == opinions.asked)
    accuracy = Measurement(
        name="class_accuracy",
        value=right,
        interval=wilson(right, len(seen)),
        reference=judge.accuracy,
        better="higher",
        protocol=protocol.but(n_fake=len(seen)),
    )
    lowest = Measurement(
        name="class_accuracy_lowest",
        value=_lowest(seen, opinions.asked),
        reference=_lowest(opinions.unseen_judged, opinions.unseen),
        better="higher",
        protocol=accuracy.protocol,
    )
    return [distance, recall, accuracy, lowest]


def _recall_lowest(opinions: Opinions, protocol: Protocol) -> Measurement:
    """Named in the detail, by its number."""
    recalls = {
        label: _mean(opinions.recalled[opinions.real == label]) for label in torch.unique(opinions.real).tolist()
    }
    worst = min(recalls, key=lambda label: recalls[label])
    pictures = int((opinions.real == worst).sum())
    return Measurement(
        name="class_recall_lowest",
        value=recalls[worst],
        interval=wilson(recalls[worst], pictures),
        reference=min(_mean(opinions.reference_recalled[opinions.real == label]) for label in recalls),
        collapse=0.0,
        better="higher",
        protocol=protocol.but(k=K_MANIFOLD, detail=f"class number {worst}, {pictures:,} real pictures"),
    )


def _share_distance(some: Tensor, others: Tensor) -> float:
    """Total variation distance between the classes' shares."""
    count = int(torch.cat([some, others]).max()) + 1
    shares, theirs = (torch.bincount(classes, minlength=count).double() / len(classes) for classes in (some, others))
    return float((shares - theirs).abs().sum() / 2)


def _lowest(seen: Tensor, asked: Tensor) -> float:
    """Share seen as asked, of the class in which it is lowest."""
    return min(_mean(seen[asked == label] == label) for label in torch.unique(asked))


def _mean_or_none(hits: Tensor) -> float | None:
    return _mean(hits) if len(hits) else None


def _mean(hits: Tensor) -> float:
    return float(hits.double().mean())
