"""Which classes a generator makes, and whether it makes the one it is asked for, in the self-trained judge's eyes."""

from __future__ import annotations

import torch
from torch import Tensor

from ganvas.evaluate.card import ClassRow, Measurement, Protocol
from ganvas.evaluate.judge import Judge
from ganvas.metrics import wilson


def class_rows(names: tuple[str, ...], seen: Tensor, unseen: Tensor, asked: Tensor | None) -> tuple[ClassRow, ...]:
    """One row a class.

    Args:
        names: of the classes.
        seen: int64 (M,), what the judge sees in the generated pictures.
        unseen: int64 (N,), what it sees in unseen real ones.
        asked: int64 (M,), what the generator was asked for, or None.
    """
    return tuple(_row(name, label, seen, unseen, asked) for label, name in enumerate(names))


def _row(name: str, label: int, seen: Tensor, unseen: Tensor, asked: Tensor | None) -> ClassRow:
    right = seen[asked == label] == label if asked is not None else seen[:0]
    accuracy = float(right.double().mean()) if len(right) else None
    return ClassRow(
        name=name,
        share=float((seen == label).double().mean()),
        reference_share=float((unseen == label).double().mean()),
        accuracy=accuracy,
        interval=wilson(accuracy, len(right)) if accuracy is not None else None,
    )


def measure_classes(
    judge: Judge, seen: Tensor, unseen: Tensor, labels: Tensor, asked: Tensor | None, seed: int
) -> list[Measurement]:
    """`class_share_distance`: half the sum of the differences between the classes' shares and the real ones, in [0, 1].
    Where classes were asked for also `class_accuracy` and `class_accuracy_lowest`, that of the worst class.

    The references are the same numbers of unseen real pictures, of whom ``labels`` (N,) were asked for, as it were.
    """
    protocol = Protocol(
        n_real=len(unseen),
        n_fake=len(seen),
        seed=seed,
        extractor=judge.name,
        dimension=judge.dimension,
        resize=judge.resize,
        fingerprint=judge.fingerprint,
        split="judge trained on none of the reference",
    )
    count = judge.head.out_features
    matched = seen[: len(unseen)]  # the distance of two random shares depends on how many pictures there are
    distance = Measurement(
        name="class_share_distance",
        value=_share_distance(matched, labels, count),
        reference=_share_distance(unseen, labels, count),
        better="lower",
        protocol=protocol.but(n_fake=len(matched)),
    )
    if asked is None:
        return [distance]
    accuracies, references = _accuracies(seen, asked), _accuracies(unseen, labels)
    right = float((seen == asked).double().mean())
    return [
        distance,
        Measurement(
            name="class_accuracy",
            value=right,
            interval=wilson(right, len(seen)),
            reference=judge.accuracy,
            better="higher",
            protocol=protocol,
        ),
        Measurement(
            name="class_accuracy_lowest",
            value=min(accuracies),
            reference=min(references),
            better="higher",
            protocol=protocol,
        ),
    ]


def _share_distance(seen: Tensor, labels: Tensor, count: int) -> float:
    """Total variation distance between the classes' shares."""
    shares = [torch.bincount(classes, minlength=count).double() / len(classes) for classes in (seen, labels)]
    return float((shares[0] - shares[1]).abs().sum() / 2)


def _accuracies(seen: Tensor, asked: Tensor) -> list[float]:
    """Share seen as asked, of each class that was asked for."""
    return [float((seen[asked == label] == label).double().mean()) for label in torch.unique(asked)]
