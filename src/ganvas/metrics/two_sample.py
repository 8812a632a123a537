"""What a trained classifier says about two sets: whether they differ, by how much, in which direction, and how far a
discriminator is from the best one. All from logits, l = log p(real | x) / p(fake | x)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import softplus

from ganvas.errors import GanvasError
from ganvas.metrics.classifier import HeldOutLogits, Method, held_out_logits
from ganvas.metrics.features import check_set
from ganvas.metrics.interval import wilson


@dataclass(frozen=True)
class TwoSampleTest:
    """A classifier two-sample test (Lopez-Paz & Oquab 2017); an accuracy of 1/2 is a set that cannot be told apart."""

    accuracy: float
    """Share of held-out rows, half real and half fake, that are judged rightly."""
    interval: tuple[float, float]
    """95 % (Wilson 1927)."""
    p_value: float
    """P(as accurate or more | equal distributions), under the null N(1/2, 1/(4n))."""
    rows: int
    """n, held-out rows of both sides together."""
    logits: HeldOutLogits
    """What it rests on; from them also `js_from_logits` and `optimal_discriminator_gap`, at no more training."""

    def numbers(self) -> dict[str, float | None]:
        """The numbers by name."""
        return {"c2st_accuracy": self.accuracy, "c2st_p_value": self.p_value}


def two_sample_test(
    real: Tensor, fake: Tensor, *, generator: Generator, method: Method = "mlp", train_share: float = 0.5
) -> TwoSampleTest:
    """Train a fresh classifier (`held_out_logits`) and count how often it is right on rows it never saw.

    On raw pictures nearly every generator is found out; so use features, too.

    Args:
        real: (N, d) features, N ≥ 40. fake: (M, d) features, M ≥ 40.
        generator: a CPU generator.
        method: ``mlp`` or ``knn``.
        train_share: of the rows to train on.
    """
    logits = held_out_logits(real, fake, generator=generator, method=method, train_share=train_share)
    right = int((logits.real > 0).sum() + (logits.fake <= 0).sum())
    rows = len(logits.real) + len(logits.fake)
    accuracy = right / rows
    p_value = 0.5 * math.erfc((accuracy - 0.5) * math.sqrt(2 * rows))  # z = (t − 1/2) √(4n), P = ½ erfc(z / √2)
    return TwoSampleTest(accuracy, wilson(accuracy, rows), p_value, rows, logits)


@dataclass(frozen=True)
class Estimated:
    """A value in nats and the standard error that comes of the number of held-out rows."""

    value: float
    standard_error: float


@dataclass(frozen=True)
class JSEstimate:
    """The Jensen-Shannon divergence in nats as far as a classifier sees it, in the two pairs of parts of
    `ganvas.theory.JSSplit`; each pair adds up to ``total``.

    All are lower bounds on average over held-out rows, reached by the best classifier; so a value may lie a little
    below 0. What a weak classifier overlooks is in no standard error.
    """

    quality: Estimated
    """½ KL(fake ‖ half-half mixture)."""
    coverage: Estimated
    """½ KL(real ‖ half-half mixture)."""
    over_generated: Estimated
    """From where fakes are denser than reals."""
    under_generated: Estimated
    """From where reals are denser than fakes."""
    total: Estimated

    def numbers(self) -> dict[str, float | None]:
        """The numbers by name."""
        return {"js" if name == "total" else f"js_{name}": part.value for name, part in vars(self).items()}


def js_from_logits(real: Tensor, fake: Tensor) -> JSEstimate:
    """The split from held-out logits of real (n,) and fake (m,) samples.

    With D = sigmoid(l) the textbook's plug-in is ``½ E_fake log 2(1−D)`` and ``½ E_real log 2D`` (Prince 2023,
    Understanding Deep Learning, section 15.2.1). An error of D moves either in first order and only their sum in
    second. Hence the variational form of each half as an f-divergence (Nguyen, Wainwright & Jordan 2010), which adds
    ``± ½ (E_fake D − E_real (1−D))``: 0 for the best D, a lower bound for any, and gone from the sum. The signed parts
    are the sum of the plug-ins, cut at D = 1/2, where it adds nothing.

    Args:
        real: logits of held-out real samples, n ≥ 2.
        fake: logits of held-out generated samples, m ≥ 2.
    """
    real, fake = _logits(real, fake)
    gain_real, gain_fake = math.log(2) - softplus(-real), math.log(2) - softplus(fake)  # log 2D, log 2(1−D)
    d_fake, rest_real = fake.sigmoid(), (-real).sigmoid()
    zero = torch.tensor(0.0, dtype=torch.float64, device=real.device)
    return JSEstimate(
        quality=_half(-rest_real, gain_fake + d_fake),
        coverage=_half(gain_real + rest_real, -d_fake),
        over_generated=_half(torch.where(real <= 0, gain_real, zero), torch.where(fake <= 0, gain_fake, zero)),
        under_generated=_half(torch.where(real > 0, gain_real, zero), torch.where(fake > 0, gain_fake, zero)),
        total=_half(gain_real, gain_fake),
    )


def optimal_discriminator_gap(
    *, current_real: Tensor, current_fake: Tensor, best_real: Tensor, best_fake: Tensor
) -> Estimated:
    """How much a discriminator could still learn: its cross-entropy minus that of a freshly trained one, in nats.

    Cross-entropy is ½ E_real −log D + ½ E_fake −log(1−D), that of the best D is log 2 − JS. About 0 is a discriminator
    at its best; below 0, the fresh one was the weaker.

    Args:
        current_real, current_fake: logits (n,) and (m,) of the game's discriminator on samples held out from both.
        best_real, best_fake: logits of the fresh one (`held_out_logits`) on the same samples in the same order.
    """
    current_real, current_fake = _logits(current_real, current_fake)
    best_real, best_fake = _logits(best_real, best_fake)
    if len(current_real) != len(best_real) or len(current_fake) != len(best_fake):
        raise GanvasError(
            f"{len(current_real)} + {len(current_fake)} logits of the discriminator, {len(best_real)} + "
            f"{len(best_fake)} of the fresh one: give those of the same samples"
        )
    return _half(softplus(-current_real) - softplus(-best_real), softplus(current_fake) - softplus(best_fake))


def _logits(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    for name, logits in (("real", real), ("fake", fake)):
        check_set(name, logits.unsqueeze(-1), least=2)
    return real.double(), fake.double()


def _half(real: Tensor, fake: Tensor) -> Estimated:
    """½ (mean over the reals + mean over the fakes), with its standard error."""
    error = (real.var() / len(real) + fake.var() / len(fake)).sqrt()
    return Estimated(float(real.mean() + fake.mean()) / 2, float(error) / 2)
