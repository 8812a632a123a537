"""The modes that a generator of stacked digits makes, counted by a judge of single digits.

26,000 pictures, as VEEGAN and PacGAN count (Srivastava et al. 2017; Lin et al. 2018, section 4.1); unrolled GANs were
counted on 25,600 (Metz et al. 2016), which at most a few modes notice.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ganvas.data import DataSpec, open_data
from ganvas.data.stacked import MODES, STACK, draw_rows, mode_numbers
from ganvas.evaluate.card import Measurement, Protocol
from ganvas.evaluate.compare import Findings
from ganvas.evaluate.extractor import Material, OnProgress, in_silence
from ganvas.evaluate.judge import Judge, self_trained
from ganvas.evaluate.looking import Fakes, features_of
from ganvas.metrics import ModeCounts, mode_counts

SAMPLES = 26_000
SHAPE = (STACK, 28, 28)
DIGITS, UNSEEN_DIGITS = "mnist", "mnist-test"
NAME = "digit-judge"
AT_ONCE = 1024


def count_modes(images: np.ndarray | Tensor, judge: Judge, seed: int = 0) -> ModeCounts:
    """Modes of uint8 (N, 3, H, W), whose channels ``judge`` (of `digit_judge`) takes for one digit each.

    ``seed`` is that of the interval.

    Raises:
        GanvasError: no pictures.
    """
    return _counted(judged_modes(torch.as_tensor(images), judge), seed)


def judged_modes(images: Tensor, judge: Judge) -> Tensor:
    """The mode of each of uint8 (N, 3, H, W) in the judge's eyes: int64 (N,)."""
    return _modes(torch.cat([StackReader(judge)(some) for some in torch.split(images, AT_ONCE)]).long())


@dataclass(frozen=True)
class StackReader:
    """An `Extractor` that reads the digit of each channel, so that what was read is kept as features are."""

    judge: Judge
    name: str = "stacked-digits"
    dimension: int = STACK

    @property
    def resize(self) -> str:
        return self.judge.resize

    @property
    def fingerprint(self) -> str:
        head = hashlib.sha256()
        for tensor in self.judge.head.state_dict().values():
            head.update(tensor.cpu().numpy().tobytes())
        return f"{self.judge.fingerprint}-{head.hexdigest()[:12]}"

    def __call__(self, images: Tensor) -> Tensor:
        """uint8 (N, 3, H, W) → float32 (N, 3), whole numbers."""
        return judged_digits(images.flatten(0, 1)[:, None], self.judge).reshape(-1, STACK).float()


def judged_digits(pictures: Tensor, judge: Judge) -> Tensor:
    """The likeliest digit of each of uint8 (N, 1, H, W): int64 (N,)."""
    return torch.cat([judge.classify(judge(some)) for some in torch.split(pictures, AT_ONCE)])


def digit_judge(device: torch.device | str = "cpu", on_progress: OnProgress | None = None) -> tuple[Judge, Tensor]:
    """A judge trained on MNIST's training digits, and all test digits in its eyes, int64 (10,000,).

    Its ``accuracy`` is on the test digits: .992, after some 12 seconds on two CPU cores. It is the same for every
    evaluation, so it has no seed to choose.

    Raises:
        GanvasError: MNIST is not on this machine and cannot be fetched.
    """
    known, unseen = open_data(DataSpec(source=DIGITS)), open_data(DataSpec(source=UNSEEN_DIGITS))
    assert known.labels is not None and unseen.labels is not None, "MNIST is labelled"
    rows = np.arange(len(known) + len(unseen))
    material = Material(
        images=np.concatenate([known.images, unseen.images]),
        labels=np.concatenate([known.labels, unseen.labels]),
        space=known.space,
        lesson=rows[: len(known)],
        unseen=rows[len(known) :],
        seed=0,
        device=torch.device(device),
        on_progress=on_progress or in_silence,
        fingerprint=f"{known.fingerprint} {unseen.fingerprint}",
    )
    judge = replace(self_trained(material), name=NAME)
    return judge, judged_digits(torch.from_numpy(np.array(unseen.images)), judge)


def measure_modes(fakes: Fakes, seed: int, device: torch.device, on_progress: OnProgress) -> Findings:
    """`modes_covered` of 1,000, and `reverse_kl` to all modes alike, in nats.

    The reference is as many real pictures, stacked of test digits, which neither the generator nor the judge has seen.

    Raises:
        GanvasError: MNIST is not on this machine and cannot be fetched.
    """
    judge, unseen = digit_judge(device, on_progress)
    (digits,) = features_of([StackReader(judge)], "stacked digits", fakes, on_progress)
    rows = draw_rows(len(unseen), fakes.count, seed)
    real = _counted(_modes(unseen[torch.from_numpy(rows)]), seed)
    made = _counted(_modes(digits.long()), seed)
    return Findings(measurements=_rows(made, real, _protocol(judge, unseen, fakes.count, seed)))


def _rows(made: ModeCounts, real: ModeCounts, protocol: Protocol) -> tuple[Measurement, ...]:
    expected = f"as many pictures of even modes would cover {made.expected_covered:.6g}"
    covered = Measurement(
        name="modes_covered",
        value=made.modes_covered,
        reference=real.modes_covered,
        unit=f"of {MODES}",
        better="higher",
        protocol=protocol.but(detail=f"modes with at least one picture; {expected}"),
    )
    uneven = Measurement(
        name="reverse_kl",
        value=made.reverse_kl,
        interval=made.reverse_kl_interval,
        reference=real.reverse_kl,
        unit="nats",
        better="lower",
        protocol=protocol.but(detail="KL(counted shares || even shares)"),
    )
    return covered, uneven


def _protocol(judge: Judge, unseen: Tensor, count: int, seed: int) -> Protocol:
    right = f"judge trained on {DIGITS} and right on {judge.accuracy:.2%} of {len(unseen):,} digits of {UNSEEN_DIGITS}"
    return Protocol(
        n_fake=count,
        seed=seed,
        extractor=judge.name,
        dimension=judge.dimension,
        resize=judge.resize,
        fingerprint=judge.fingerprint,
        split=f"likeliest digit of each channel by a {right}; reference stacked of these",
    )


def _counted(modes: Tensor, seed: int) -> ModeCounts:
    return mode_counts(modes, MODES, generator=torch.Generator().manual_seed(seed))


def _modes(digits: Tensor) -> Tensor:
    return torch.from_numpy(mode_numbers(digits.cpu().numpy()))
